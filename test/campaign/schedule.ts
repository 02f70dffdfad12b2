// What happens in a campaign, and when: what members do, and what breaks. The same seed is the same schedule.

export const PLATFORMS = ['discord', 'slack', 'page'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

/** What a member does with one picture, from the command on. */
export type Deed =
  | 'waits'
  | 'is told of twice'
  | 'cancels'
  | 'presses Again'
  | 'presses Delete'
  | 'gives a poison'
  | 'gives what kills engines'
  | 'gives no picture';

export interface Act {
  atMs: number;
  number: number;
  platform: PlatformName;
  deed: Deed;
}

export const FAULTS = [
  'bot killed',
  'bot stopped',
  'bot paused',
  'worker killed',
  'worker stopped',
  'worker paused',
  'engine killed',
  'engine paused',
  'Redis killed',
  'Redis stopped',
  'connections to Redis cut',
  'connections to Redis slow',
  'connections to Redis silent',
  'Discord answers 429',
  'Discord answers 503',
  'Discord hangs',
  'Discord does it and the answer is lost',
  'bots killed as Discord hears that a command is taken',
  'bots killed as Discord has a message',
  'bots killed as Discord has a clip',
  'bots killed as Discord calls a member',
  'Discord drops the gateway',
  'Discord forgets its sessions',
  'Slack answers 429',
  'Slack answers 503',
  'Slack hangs',
  'Slack does it and the answer is lost',
  'bots killed as Slack has a message',
  'bots killed as Slack has a clip',
  'Slack drops the socket',
  'Slack asks for another connection',
  'disk full',
  'disk read-only',
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Fault {
  atMs: number;
  name: FaultName;
  /** Which of several it meets. */
  which: number;
  lastsMs: number;
}

export interface Schedule {
  acts: Act[];
  faults: Fault[];
}

/** Between two commands, and between two faults, on average. */
const COMMAND_EVERY_MS = 700;
const FAULT_EVERY_MS = 2500;
/** Longer than the locks of BullMQ's jobs, now and then. */
const LONGEST_FAULT_MS = 12_000;
const SHORTEST_FAULT_MS = 300;

const DEEDS: [Deed, number][] = [
  ['waits', 50],
  ['is told of twice', 12],
  ['cancels', 10],
  ['presses Again', 8],
  ['presses Delete', 8],
  ['gives a poison', 2],
  ['gives what kills engines', 4],
  ['gives no picture', 6],
];

export function makeSchedule(seed: number, jobs: number): Schedule {
  const random = mulberry32(seed);
  const waitOf = (meanMs: number) => meanMs * (0.2 + 1.6 * random());
  const acts: Act[] = [];
  let atMs = 0;
  for (let number = 0; number < jobs; number += 1) {
    atMs += waitOf(COMMAND_EVERY_MS);
    const platform = PLATFORMS[Math.floor(random() * PLATFORMS.length)] ?? 'discord';
    acts.push({ atMs, number, platform, deed: pick(DEEDS, random()) });
  }
  const faults: Fault[] = [];
  const endMs = atMs;
  let deck: FaultName[] = [];
  for (let at = waitOf(FAULT_EVERY_MS); at < endMs; at += waitOf(FAULT_EVERY_MS)) {
    // Each kind comes before any comes again.
    if (deck.length === 0) deck = shuffle([...FAULTS], random);
    const name = deck.pop() ?? 'bot killed';
    // Most faults are short.
    const lastsMs = SHORTEST_FAULT_MS + (LONGEST_FAULT_MS - SHORTEST_FAULT_MS) * random() ** 3;
    faults.push({ atMs: at, name, which: Math.floor(random() * 1000), lastsMs });
  }
  return { acts, faults };
}

function pick<Value>(weighted: [Value, number][], share: number): Value {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let left = share * total;
  for (const [value, weight] of weighted) {
    left -= weight;
    if (left < 0) return value;
  }
  throw new Error('Expected weights, got none');
}

function shuffle<Value>(values: Value[], random: () => number): Value[] {
  for (let index = values.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [values[index], values[other]] = [values[other] as Value, values[index] as Value];
  }
  return values;
}

/** A small generator whose numbers are the same on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
