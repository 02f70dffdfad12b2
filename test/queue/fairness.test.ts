// A week of a large community on ten GPUs, by a clock that jumps from one event to the next. The line is the real one, on a
// real Redis; engines are numbers. What is promised has to hold at every turn, not on average.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLine } from '../../src/queue/line.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const LANE = { resolution: '480p', quality: 'fast' } as const;
const WEEK_SECONDS = 7 * 24 * 3600;
const MEMBERS = 1000;
const GPUS = 10;
/** As long as a large model takes, so that a week is some thousands of renders and not a million. */
const COSTS = [600, 900, 1200, 1800];
const FLOOD = 1000;
const FLOODERS = [
  { member: 'flood-of-1', weight: 1 },
  { member: 'flood-of-2', weight: 2 },
  { member: 'flood-of-4', weight: 4 },
];

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** The same week each time. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function createDice(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Asked {
  id: string;
  member: string;
  seconds: number;
  at: number;
  weight: number;
  /** The renders of others that were begun after it joined, by member. */
  begunBefore: Map<string, number>;
  isFirst: boolean;
}

test('in a week with 1,000 members and three floods nobody waits behind a flood, and everybody gets their share', async () => {
  const line = createLine(redis);
  const roll = createDice(7);
  const arrivals: Asked[] = [];
  const ask = (member: string, at: number, weight = 1) =>
    arrivals.push({
      ...{ id: `${member}-${arrivals.length}`, member, at, weight, begunBefore: new Map(), isFirst: false },
      seconds: COSTS[roll(COSTS.length)] ?? 600,
    });
  // Each member now and then, together under half of what the GPUs can do; the floods want all of it, and more.
  for (let member = 0; member < MEMBERS; member += 1) {
    for (let time = 0; time < 2; time += 1) ask(`member-${member}`, roll(WEEK_SECONDS));
  }
  for (const { member, weight } of FLOODERS) {
    for (let render = 0; render < FLOOD * weight; render += 1) ask(member, roll(60), weight);
  }
  arrivals.sort((one, other) => one.at - other.at);

  const waiting = new Map<string, Asked>();
  const waitingOf = new Map<string, number>();
  const running: { endsAt: number; render: Asked }[] = [];
  const served = new Map<string, number>();
  const waits: { render: Asked; seconds: number }[] = [];
  const count = (counts: Map<string, number>, member: string, by: number) =>
    counts.set(member, (counts.get(member) ?? 0) + by);
  let now = 0;
  let arrived = 0;
  while (now < WEEK_SECONDS) {
    const nextEnd = Math.min(...running.map(({ endsAt }) => endsAt));
    const nextArrival = arrivals[arrived]?.at ?? Number.POSITIVE_INFINITY;
    now = Math.min(nextEnd, nextArrival);
    running.splice(0, running.length, ...running.filter(({ endsAt }) => endsAt > now));
    for (; (arrivals[arrived]?.at ?? Number.POSITIVE_INFINITY) <= now; arrived += 1) {
      const render = arrivals[arrived] as Asked;
      const isBusy = running.some((each) => each.render.member === render.member);
      render.isFirst = !waitingOf.get(render.member) && !isBusy;
      waiting.set(render.id, render);
      count(waitingOf, render.member, 1);
      await line.join(LANE, { ...render, workload: `${render.seconds}` });
    }
    while (running.length < GPUS) {
      const next = await line.next('fast', ['480p']);
      if (!next) break;
      await line.take(LANE, next.id);
      const render = waiting.get(next.id) as Asked;
      waiting.delete(next.id);
      count(waitingOf, render.member, -1);
      running.push({ endsAt: now + render.seconds, render });
      count(served, render.member, render.seconds);
      waits.push({ render, seconds: now - render.at });
      // Only those who are no flood are looked at one by one: a handful at any time.
      for (const other of waiting.values()) {
        if (!other.member.startsWith('flood')) count(other.begunBefore, render.member, 1);
      }
    }
  }

  const firsts = waits.filter(({ render }) => render.isFirst && render.member.startsWith('member'));
  expect(firsts.length).toBeGreaterThan(1900);
  for (const { render } of firsts) {
    // What runs already is one render for each GPU. Of each flood no more than one is begun before it.
    for (const { member } of FLOODERS) expect(render.begunBefore.get(member) ?? 0).toBeLessThanOrEqual(1);
  }
  const longest = Math.max(...firsts.map(({ seconds }) => seconds));
  expect(longest).toBeLessThanOrEqual(Math.max(...COSTS));
  // No starvation: of whoever is no flood, nobody is left but those of the last minutes.
  const left = [...waiting.values()].filter(({ member }) => member.startsWith('member'));
  for (const { at } of left) expect(WEEK_SECONDS - at).toBeLessThanOrEqual(Math.max(...COSTS));
  // What the others left is shared by weight, to within a render for each GPU.
  const [one = 0, two = 0, four = 0] = FLOODERS.map(({ member, weight }) => (served.get(member) ?? 0) / weight);
  expect(one).toBeGreaterThan(24 * 3600);
  for (const share of [two, four]) expect(Math.abs(share - one)).toBeLessThanOrEqual(GPUS * Math.max(...COSTS));
  // And no GPU stood still.
  const used = [...served.values()].reduce((sum, seconds) => sum + seconds, 0);
  expect(used).toBeGreaterThan(GPUS * (WEEK_SECONDS - Math.max(...COSTS)));
});
