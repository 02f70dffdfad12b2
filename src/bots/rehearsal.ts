// A rehearsal in the operator's own server: what the bot assumes of a chat service is tried there, one assumption after the
// other, told, and cleaned up. What is assumed, and how it is tried, is each service's own.
import { setTimeout as sleep } from 'node:timers/promises';

export type Outcome =
  | { verdict: 'holds'; note?: string | undefined }
  | { verdict: 'does not hold' | 'could not be seen'; because: string };

export interface Assumption<Stage> {
  /** Stays the same from version to version, so that reports can be compared. */
  id: string;
  sentence: string;
  /** How it is tried. */
  how: string;
  look(stage: Stage): Promise<Outcome>;
}

export const holds = (note?: string): Outcome => ({ verdict: 'holds', note });
export const fails = (because: string): Outcome => ({ verdict: 'does not hold', because });
export const unseen = (because: string): Outcome => ({ verdict: 'could not be seen', because });
export const holdsIf = (isSo: boolean, because: string): Outcome => (isSo ? holds() : fails(because));

/** What an earlier assumption should have left behind is not there. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** What one assumption leaves for the next, such as the thread that the clip goes to. */
export function createProps<Props extends object>() {
  const props: Partial<Props> = {};
  return {
    put: <Name extends keyof Props>(name: Name, value: Props[Name]) => void Object.assign(props, { [name]: value }),
    get<Name extends keyof Props>(name: Name): Props[Name] {
      const value = props[name];
      if (value === undefined) throw new NotThere(`it needs the ${String(name)}, which is not there`);
      return value as Props[Name];
    },
  };
}

/** What the rehearsal has made in the channel. It is removed in the end, the latest first, whatever ended the rehearsal. */
export function createLeftovers() {
  const made: { what: string; remove: () => Promise<void> }[] = [];
  return {
    add: (what: string, remove: () => Promise<void>) => void made.push({ what, remove }),

    /** Resolves to what could not be removed, with the reason. */
    async clear(explain: (error: unknown) => string): Promise<string[]> {
      const left: string[] = [];
      for (const { what, remove } of made.splice(0).reverse()) {
        await remove().catch((error) => left.push(`${what}: ${explain(error)}`));
      }
      return left;
    },
  };
}

export type Leftovers = ReturnType<typeof createLeftovers>;

export interface Tried {
  id: string;
  sentence: string;
  how: string;
  outcome: Outcome;
}

export interface Rehearsal<Stage> {
  assumptions: Assumption<Stage>[];
  stage: Stage;
  leftovers: Leftovers;
  /** A service's refusal as an outcome, in the service's own words. */
  judge(error: unknown): Outcome;
  /** Ends it before the next assumption; what was made is still removed. */
  signal: AbortSignal;
  tell(tried: Tried): void;
}

export interface RehearsalResult {
  tried: Tried[];
  /** What could not be removed, and why. */
  left: string[];
}

export async function rehearse<Stage>(rehearsal: Rehearsal<Stage>): Promise<RehearsalResult> {
  const { assumptions, stage, leftovers, judge, signal, tell } = rehearsal;
  const tried: Tried[] = [];
  for (const { id, sentence, how, look } of assumptions) {
    const outcome = signal.aborted ? unseen('the rehearsal was stopped before it') : await look(stage).catch(judgeAny);
    const told = { id, sentence, how, outcome: withoutPrivate(outcome) };
    tried.push(told);
    tell(told);
  }
  const left = await leftovers.clear((error) => reasonOf(withoutPrivate(judgeAny(error))));
  return { tried, left };

  function judgeAny(error: unknown): Outcome {
    if (error instanceof NotThere) return unseen(error.message);
    if (signal.aborted) return unseen('the rehearsal was stopped in it');
    return judge(error);
  }
}

/** Between two requests, as the bot paces itself. Ends at once when the rehearsal is stopped. */
export const createPause = (signal: AbortSignal) => (milliseconds: number) =>
  sleep(milliseconds, undefined, { signal });

export const isPassed = ({ tried }: RehearsalResult): boolean =>
  tried.every(({ outcome }) => outcome.verdict !== 'does not hold');

/** One line for a terminal. */
export function describeTried({ id, sentence, outcome }: Tried): string {
  return `${outcome.verdict.padEnd('could not be seen'.length)}  ${id.padEnd(16)} ${sentence}${toReason(outcome)}`;
}

export interface ReportFacts {
  service: string;
  version: string;
  /** As in "reached straight": how, but not by which proxy. */
  road: string;
  at: Date;
}

/** To be attached to an issue: without names, ids and tokens. */
export function writeReport({ tried, left }: RehearsalResult, { service, version, road, at }: ReportFacts): string {
  const lines = tried.map(
    ({ id, sentence, how, outcome }) =>
      `- **${outcome.verdict}** \`${id}\` ${sentence}${toReason(outcome)}\n  (${how})`,
  );
  const rest = left.length === 0 ? ['All that it made was removed.'] : left.map((each) => `- ${each}`);
  return [
    `# Rehearsal on ${service}`,
    `animate-bot ${version}, Node ${process.versions.node}, ${process.platform}, ${at.toISOString()}, reached ${road}. Nobody was pinged.`,
    `## What the bot assumes\n\n${lines.join('\n')}`,
    `## What it left behind\n\n${rest.join('\n')}`,
  ]
    .join('\n\n')
    .concat('\n');
}

function toReason(outcome: Outcome): string {
  const reason = reasonOf(outcome);
  return reason === '' ? '' : outcome.verdict === 'holds' ? ` (${reason})` : ` Because: ${reason}.`;
}

function reasonOf(outcome: Outcome): string {
  return outcome.verdict === 'holds' ? (outcome.note ?? '') : outcome.because;
}

/** A service's own words may name what they are about: its ids, addresses with tokens in them. */
function withoutPrivate(outcome: Outcome): Outcome {
  const cut = (text: string): string =>
    text
      .replace(/\b(?:https?|wss?):\/\/\S+/g, '<address>')
      .replace(/\bx(?:ox[a-z]|app)-[\w-]+/g, '<token>')
      .replace(/\b\d{15,21}\b/g, '<id>')
      .replace(/\b[ABCDEFGTUW][A-Z0-9]{7,}\b/g, '<id>')
      .replace(/\.$/, '');
  if (outcome.verdict === 'holds') return { ...outcome, note: outcome.note && cut(outcome.note) };
  return { ...outcome, because: cut(outcome.because) };
}

/** A picture of one dot, and a file that begins as a clip does: services look no further before they take them. */
export const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
export const CLIP_START = Buffer.concat([
  Buffer.from([0, 0, 0, 24]),
  Buffer.from('ftypisom'),
  Buffer.from([0, 0, 2, 0]),
  Buffer.from('isommp42'),
]);
