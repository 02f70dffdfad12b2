// One campaign from beginning to end: a world, what its members do and what breaks in it, rest, and the checker's verdict.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, readEntries, type Verdict } from './checker.ts';
import { createBreaking } from './faults.ts';
import { gatherMembers } from './members.ts';
import { comeToRest } from './rest.ts';
import { FAULTS, makeSchedule } from './schedule.ts';
import { type Answer, readAnswer, readMessages } from './shown.ts';
import { startWorld, type World } from './world.ts';

export interface CampaignOptions {
  jobs: number;
  seed: number;
  /** How long it may take from the last command until nothing goes on any more. */
  restWithinMs: number;
  /** Ends it early, with everything that it has started; it rejects then. */
  signal?: AbortSignal;
  tell(line: string): void;
}

export interface CampaignResult {
  verdicts: Verdict[];
  /** What was left out here, and why. */
  leftOut: string[];
  /** What the processes said and what the stand-ins have: what a broken promise is understood by. */
  record: string;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { signal } = options;
  const world = await startWorld();
  try {
    const ended = signal && once(signal, 'abort').then(() => Promise.reject(new Error('The campaign was stopped')));
    return await Promise.race([runIn(world, options), ...(ended ? [ended] : [])]);
  } finally {
    await world.close();
  }
}

async function runIn(world: World, { jobs, seed, restWithinMs, tell }: CampaignOptions): Promise<CampaignResult> {
  const { acts, faults } = makeSchedule(seed, jobs);
  const members = await gatherMembers(world);
  const breakIt = createBreaking(world);
  const startedAt = Date.now();
  const at = async (atMs: number, act: () => Promise<void>): Promise<void> => {
    await sleep(Math.max(0, startedAt + atMs - Date.now()));
    await act();
  };
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
  await Promise.all([
    ...acts.map((act) => at(act.atMs, () => members.act(act))),
    ...faults.map((fault) =>
      at(fault.atMs, () => {
        tell(`${seconds()} s  ${fault.name}`);
        return breakIt(fault);
      }),
    ),
  ]);
  const pending = await comeToRest(world, restWithinMs);
  tell(`${seconds()} s  ${pending.length === 0 ? 'at rest' : `not at rest: ${pending.join(', ')}`}`);
  const verdicts = await check(world, members.given);
  const accepted = members.given.filter((given) => given.isAccepted()).length;
  const pressed = members.given.filter((given) => given.pressed).length;
  tell(`${members.given.length} commands, ${accepted} accepted, ${pressed} buttons pressed`);
  tell(await describeEnds(world));
  const messages = await readMessages(world);
  const answers = members.given.map((given) => readAnswer(world, messages, given));
  const repeated = answers.filter(({ refusals }) => new Set(refusals).size < refusals.length).length;
  tell(`${repeated} refusals were told more than once, in the same words`);
  for (const [sentence, count] of countRefusals(answers)) tell(`refused ${count} times: ${sentence}`);
  tell(`${faults.length} faults of ${new Set(faults.map(({ name }) => name)).size} of ${FAULTS.length} kinds`);
  const left = await world.stop();
  verdicts.push({
    promise: 'no process is left when all were told to stop',
    checked: world.kept.length,
    broken: left,
  });
  const noContainers = world.hasContainers ? undefined : 'containers, because Docker or its image is not here';
  const noDisk = world.diskIsFixed && `a full and a read-only disk, because ${world.diskIsFixed}`;
  const leftOut = [noContainers, noDisk].filter((left) => left !== undefined);
  return { verdicts, leftOut, record: toRecord(world) };
}

/** Each sentence in the place of a render, and how often it was told. */
function countRefusals(answers: readonly Answer[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sentence of answers.flatMap(({ refusals }) => refusals))
    counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  return counts;
}

async function describeEnds(world: World): Promise<string> {
  const ends = new Map<string, number>();
  for (const { outcome, code } of (await readEntries(world)).values()) {
    const end = code === undefined ? String(outcome) : `${outcome} (${code})`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  return `renders: ${[...ends].map(([end, count]) => `${count} ${end}`).join(', ')}`;
}

function toRecord({ kept, discord, slack }: World): string {
  const said = kept.flatMap(({ name, lines }) => lines.map((line) => ({ of: name, ...line }) as { time?: number }));
  said.sort((one, other) => (one.time ?? 0) - (other.time ?? 0));
  return [...said.map((line) => JSON.stringify(line)), discord.describe(), slack.describe()].join('\n');
}
