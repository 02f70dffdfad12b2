// How much a member may have, on a real Redis, with a clock of the test's own.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLimits, type Limits } from '../../src/queue/limits.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const HOUR_MS = 3600 * 1000;

let server: TestRedis;
let redis: Redis;
let limits: Limits;
let now: number;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  now = 1_800_000_000_000;
  limits = createLimits(redis, () => now);
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

const of = (id: string, member = 'ada', platform = 'discord') => ({
  id,
  platform,
  member: { id: member, name: member },
});
const failed = { kind: 'failed', code: 'engine_exited', message: '', seconds: 1 } as const;
const cancelled = (freed: 'not_started' | 'released') => ({ kind: 'cancelled', freed, seconds: 1 }) as const;

test('without limits nobody is held up', async () => {
  for (let id = 0; id < 100; id += 1) expect(await limits.take(of(`r${id}`))).toEqual({ isAllowed: true });
});

test('of many commands at one moment no more than the limit are taken, each member for themselves', async () => {
  await limits.change({ atOnce: 3 });
  const answers = await Promise.all(
    ['ada', 'bob'].flatMap((member) =>
      Array.from({ length: 20 }, (_, id) => limits.take(of(`${member}${id}`, member))),
    ),
  );
  expect(answers.filter(({ isAllowed }) => isAllowed)).toHaveLength(6);
  expect(await limits.take(of('x', 'ada', 'slack'))).toEqual({ isAllowed: true });
});

test('the same render again is counted once', async () => {
  await limits.change({ atOnce: 1, perDay: 1 });
  for (let times = 0; times < 3; times += 1) expect(await limits.take(of('r1'))).toEqual({ isAllowed: true });
});

test('a render that ended makes room, and the day remembers it', async () => {
  await limits.change({ atOnce: 1, perDay: 2 });
  await limits.take(of('r1'));
  expect(await limits.take(of('r2'))).toMatchObject({ isAllowed: false, limit: 'atOnce', most: 1 });
  await limits.giveBack(of('r1'), cancelled('released'));
  now += HOUR_MS;
  expect(await limits.take(of('r2'))).toEqual({ isAllowed: true });
  await limits.giveBack(of('r2'), { kind: 'deleted' });
  expect(await limits.take(of('r3'))).toEqual({
    ...{ isAllowed: false, limit: 'perDay', most: 2 },
    // A day after the first one.
    freeAt: now + 23 * HOUR_MS,
  });
  now += 23 * HOUR_MS;
  expect(await limits.take(of('r3'))).toEqual({ isAllowed: true });
});

test('what failed, or was cancelled before it started, does not count for the day', async () => {
  await limits.change({ perDay: 1 });
  for (const outcome of [failed, cancelled('not_started')]) {
    expect(await limits.take(of('r1'))).toEqual({ isAllowed: true });
    await limits.giveBack(of('r1'), outcome);
  }
  expect(await limits.take(of('r2'))).toEqual({ isAllowed: true });
  await limits.giveBack(of('r2'), cancelled('released'));
  expect(await limits.take(of('r3'))).toMatchObject({ isAllowed: false, limit: 'perDay' });
});

test('a change of one limit leaves the other, and is there for every bot', async () => {
  await limits.change({ atOnce: 2 });
  expect(await limits.change({ perDay: 5 })).toEqual({ atOnce: 2, perDay: 5 });
  expect(await createLimits(redis).read()).toEqual({ atOnce: 2, perDay: 5 });
  expect(await limits.change({})).toEqual({ atOnce: 2, perDay: 5 });
});
