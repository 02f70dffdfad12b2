// What people read: one render's state as words, numbers and buttons. No platform's markup; adapters draw it.

import type { RenderStatus } from '../queue/queue.ts';
import type { Freed, Outcome, RenderEntry } from '../queue/records.ts';
import type { Progress, RenderRequest, RenderResult, Resolution } from '../render.ts';

export type Button = 'cancel' | 'again' | 'edit' | 'delete';

export interface Fact {
  label: string;
  value: string;
}

/** The state of one render, ready to be drawn. */
export interface View {
  renderId: string;
  kind: 'waiting' | 'rendering' | 'done' | 'failed' | 'cancelled' | 'deleted';
  /** One short line: "3rd in line", "Denoising, step 2 of 3", "Here is your clip". */
  headline: string;
  /** One more sentence where it helps: why it failed, what was freed by a cancel. Empty if there is nothing to add. */
  detail: string;
  /** 0 to 1 while rendering; undefined when no honest figure exists. */
  fraction: number | undefined;
  /** When the clip is expected, in milliseconds since the epoch; undefined until there are past renders to learn from. */
  readyAt: number | undefined;
  facts: Fact[];
  buttons: Button[];
  /** What was asked for: the words, and the options that a member may want to change. */
  request: Pick<RenderRequest, 'prompt' | 'negative' | 'resolution' | 'seconds' | 'seed'>;
}

/** The view of a render that was just accepted, before it is in the queue. */
export function firstView(renderId: string, request: RenderRequest): View {
  return blank(renderId, request, { kind: 'waiting', headline: 'Getting in line', buttons: ['cancel'] });
}

export function toView({ record }: RenderEntry, status: RenderStatus, now: number): View {
  const { id, request } = record;
  switch (status.state) {
    case 'waiting':
      return blank(id, request, {
        kind: 'waiting',
        ...describeWait(status, request.resolution),
        readyAt: toTime(status.secondsLeft, now),
        buttons: ['cancel'],
      });
    case 'rendering':
      return blank(id, request, {
        kind: 'rendering',
        headline: status.progress ? describeProgress(status.progress) : 'Starting',
        fraction: status.fraction,
        readyAt: toTime(status.secondsLeft, now),
        buttons: ['cancel'],
      });
    case 'ended':
      return toOutcomeView(id, request, status.outcome);
  }
}

export function toOutcomeView(renderId: string, request: RenderRequest, outcome: Outcome): View {
  const buttons: Button[] = ['again', 'edit', 'delete'];
  switch (outcome.kind) {
    case 'done':
      return blank(renderId, request, {
        kind: 'done',
        headline: 'Here is your clip',
        fraction: 1,
        facts: toFacts(outcome),
        buttons,
      });
    case 'failed':
      return blank(renderId, request, {
        kind: 'failed',
        headline: 'Sorry, this one did not work',
        detail: `${outcome.message} If you ask for help, give this number: ${renderId}`,
        buttons,
      });
    case 'cancelled':
      return blank(renderId, request, {
        kind: 'cancelled',
        headline: 'Cancelled',
        detail: FREED_SENTENCES[outcome.freed],
        buttons,
      });
    case 'deleted':
      return blank(renderId, request, { kind: 'deleted', headline: 'Deleted' });
  }
}

const FREED_SENTENCES = {
  not_started: 'It had not started, so no render time was used.',
  released: 'It was stopped while rendering, and the engine is free again.',
  recycling: 'It was stopped while rendering; the engine had to be restarted for that.',
} satisfies Record<Freed, string>;

function describeWait(
  { place, workers, isRetry }: Extract<RenderStatus, { state: 'waiting' }>,
  resolution: Resolution,
): { headline: string; detail: string } {
  const detail = describeMissing(workers, resolution);
  if (isRetry) return { headline: 'Trying again on a fresh engine', detail };
  if (!place) return { headline: 'About to start', detail };
  return { headline: place.position === 1 ? 'Next in line' : `${ordinal(place.position)} in line`, detail };
}

/** What has to come before it can start, if that is not just its turn. */
function describeMissing(
  { online, able, loaded }: Extract<RenderStatus, { state: 'waiting' }>['workers'],
  resolution: Resolution,
): string {
  if (online === 0) return 'No worker is online at the moment; it starts as soon as one is.';
  if (able === 0) return `No GPU that can render ${resolution} is online at the moment; it starts as soon as one is.`;
  return loaded === 0 ? 'The engine is still loading; it starts as soon as that is done.' : '';
}

function describeProgress(progress: Progress): string {
  switch (progress.stage) {
    case 'loading':
      return 'Waking the engine';
    case 'encoding_prompt':
      return 'Reading your words';
    case 'encoding_image':
      return 'Looking at your picture';
    case 'denoising':
      return `Imagining the motion, step ${progress.step} of ${progress.steps}`;
    case 'decoding':
      return `Drawing the frames, step ${progress.step} of ${progress.steps}`;
    case 'encoding_video':
      return 'Encoding the clip';
  }
}

function toFacts({ result, seconds, engineSeconds }: Extract<Outcome, { kind: 'done' }>): Fact[] {
  return [
    { label: 'Size', value: `${result.width}×${result.height}` },
    { label: 'Length', value: `${(result.frames / result.fps).toFixed(1)} s` },
    { label: 'Seed', value: String(result.seed) },
    { label: 'Took', value: `${describeSeconds(seconds)}, ${describeSeconds(engineSeconds)} of it rendering` },
    { label: 'Engine', value: describeEngine(result) },
  ];
}

function describeEngine({ engine, model }: RenderResult): string {
  // Nobody may take a camera move for the model's work.
  if (engine === 'preview') return 'preview, no GPU';
  return model === engine ? engine : `${engine}, ${model}`;
}

function describeSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

function ordinal(position: number): string {
  const suffixes = { one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' } satisfies Record<
    Intl.LDMLPluralRule,
    string
  >;
  return `${position}${suffixes[new Intl.PluralRules('en', { type: 'ordinal' }).select(position)]}`;
}

function toTime(secondsLeft: number | undefined, now: number): number | undefined {
  return secondsLeft === undefined ? undefined : now + secondsLeft * 1000;
}

function blank(renderId: string, request: RenderRequest, parts: Partial<View> & Pick<View, 'kind' | 'headline'>): View {
  const { prompt, negative, resolution, seconds, seed } = request;
  return {
    renderId,
    detail: '',
    fraction: undefined,
    readyAt: undefined,
    facts: [],
    buttons: [],
    request: { prompt, negative, resolution, seconds, seed },
    ...parts,
  };
}
