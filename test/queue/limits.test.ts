// How much is allowed, and to whom, on a real Redis, with a clock of the test's own.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLimits, type Limits, MAX_REFUNDS_PER_DAY } from '../../src/queue/limits.ts';
import { createRules, type Rule, type Rules, type Scope } from '../../src/queue/rules.ts';
import type { Place, RenderRequest } from '../../src/render.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const HOUR_MS = 3600 * 1000;
const ADMIN = { id: 'root', name: 'Root' };
const ALLOWED = { isAllowed: true, weight: 1 };

let server: TestRedis;
let redis: Redis;
let rules: Rules;
let limits: Limits;
let now: number;
let gpuSeconds: number;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  now = 1_800_000_000_000;
  rules = createRules(redis, () => now);
  gpuSeconds = 10;
  limits = createLimits({ redis, rules, estimates: { expectedSeconds: async () => gpuSeconds }, now: () => now });
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

const REQUEST: RenderRequest = {
  ...{ image: 'pictures/x.png', prompt: 'go', negative: '', seed: 1, width: 832, height: 480, frames: 121 },
  ...{ resolution: '480p', quality: 'fast', seconds: 5 },
};

const of = (
  id: string,
  { member = 'ada', platform = 'discord', place = undefined as Place | undefined, request = REQUEST } = {},
) => ({ id, platform, member: { id: member, name: member }, place, request });
const set = (changes: Rule, scope: Scope = { kind: 'member' }) => rules.change('discord', scope, changes, ADMIN);
const take = (record: ReturnType<typeof of>, seconds = 10) => {
  gpuSeconds = seconds;
  return limits.take(record);
};
const failed = { kind: 'failed', code: 'engine_exited', message: '', seconds: 1 } as const;
const cancelled = (freed: 'not_started' | 'released') => ({ kind: 'cancelled', freed, seconds: 1 }) as const;
const done = (engineSeconds: number) =>
  ({ kind: 'done', clip: '', result: {} as never, seconds: 1, engineSeconds }) as const;

test('without limits nobody is held up', async () => {
  for (let id = 0; id < 100; id += 1) expect(await take(of(`r${id}`))).toEqual(ALLOWED);
});

test('of many commands at one moment no more than the limit are taken, each member for themselves', async () => {
  await set({ atOnce: 3 });
  const answers = await Promise.all(
    ['ada', 'bob'].flatMap((member) => Array.from({ length: 20 }, (_, id) => take(of(`${member}${id}`, { member })))),
  );
  expect(answers.filter(({ isAllowed }) => isAllowed)).toHaveLength(6);
  expect(await take(of('x', { platform: 'slack' }))).toEqual(ALLOWED);
});

test('the same render again is counted once', async () => {
  await set({ atOnce: 1, perDay: 1 });
  for (let times = 0; times < 3; times += 1) expect(await take(of('r1'))).toEqual(ALLOWED);
});

test('the same render again, of a member whom the page takes for another one, is counted once for everybody', async () => {
  await set({ atOnce: 1 }, { kind: 'everyone' });
  await take(of('r1'));
  expect(await take(of('r1', { member: 'bob' }))).toEqual(ALLOWED);
  await limits.giveBack(of('r1', { member: 'bob' }), done(1));
  expect(await take(of('r2'))).toEqual(ALLOWED);
});

test('a render that ended makes room, and the day remembers it', async () => {
  await set({ atOnce: 1, perDay: 2 });
  await take(of('r1'));
  expect(await take(of('r2'))).toMatchObject({ isAllowed: false, limit: 'atOnce', of: 'member', most: 1, tooMany: 1 });
  await limits.giveBack(of('r1'), cancelled('released'));
  now += HOUR_MS;
  expect(await take(of('r2'))).toEqual(ALLOWED);
  await limits.giveBack(of('r2'), { kind: 'deleted' });
  // A day after the first one.
  expect(await take(of('r3'))).toMatchObject({ limit: 'perDay', most: 2, freeAt: now + 23 * HOUR_MS });
  now += 23 * HOUR_MS;
  expect(await take(of('r3'))).toEqual(ALLOWED);
});

test('what failed, or was cancelled before it started, is not counted', async () => {
  await set({ perDay: 1, gpuSecondsPerDay: 10 });
  for (const outcome of [failed, cancelled('not_started')]) {
    expect(await take(of('r1'))).toEqual(ALLOWED);
    await limits.giveBack(of('r1'), outcome);
    await limits.giveBack(of('r1'), outcome);
  }
  expect(await take(of('r2'))).toEqual(ALLOWED);
  await limits.giveBack(of('r2'), cancelled('released'));
  expect(await take(of('r3'))).toMatchObject({ isAllowed: false, limit: 'perDay' });
});

test('a cooldown is given back by our own fault, and not by a cancel', async () => {
  await set({ cooldownSeconds: 3600 });
  await take(of('r1'));
  await limits.giveBack(of('r1'), failed);
  expect(await take(of('r2'))).toEqual(ALLOWED);
  await limits.giveBack(of('r2'), cancelled('not_started'));
  expect(await take(of('r3'))).toMatchObject({ limit: 'cooldownSeconds', freeAt: now + HOUR_MS });
  // The event that was refused so comes again, and so does the one that was taken.
  expect(await take(of('r2'))).toEqual(ALLOWED);
  now += HOUR_MS;
  expect(await take(of('r3'))).toEqual(ALLOWED);
});

test('commands that are called off at once are taken six times a day where one is allowed, not without end', async () => {
  await set({ perDay: 1, atOnce: 1 });
  let count = 0;
  for (let id = 0; id < 20; id += 1) {
    const render = of(`r${id}`);
    if (!(await take(render)).isAllowed) continue;
    count += 1;
    for (let times = 0; times < 2; times += 1) await limits.giveBack(render, cancelled('not_started'));
  }
  expect(count).toBe(1 + MAX_REFUNDS_PER_DAY);
  expect(await take(of('x', { member: 'bob' }))).toEqual(ALLOWED);
  now += 24 * HOUR_MS;
  expect(await take(of('y'))).toEqual(ALLOWED);
});

test('whoever only asks is told the same, and nothing is counted', async () => {
  await set({ perDay: 1 });
  for (let times = 0; times < 3; times += 1) expect(await limits.ask(of('r1'))).toEqual(ALLOWED);
  await take(of('r1'));
  expect(await limits.ask(of('r2'))).toMatchObject({ isAllowed: false, limit: 'perDay' });
  expect(await limits.ask(of('r1'))).toEqual(ALLOWED);
});

test('GPU seconds are reckoned before, and settled by what it took', async () => {
  await set({ gpuSecondsPerDay: 100 });
  await take(of('r1'), 60);
  now += HOUR_MS;
  expect(await take(of('r2'), 50)).toMatchObject({ limit: 'gpuSecondsPerDay', most: 100, freeAt: now + 23 * HOUR_MS });
  for (let times = 0; times < 2; times += 1) await limits.giveBack(of('r1'), done(40));
  expect(await limits.left(of('x'))).toMatchObject({ gpuSecondsPerDay: { most: 100, left: 60 } });
  expect(await take(of('r2'), 50)).toEqual(ALLOWED);
  await limits.giveBack(of('r2'), { kind: 'cancelled', freed: 'released', seconds: 9, engineSeconds: 2 });
  expect(await limits.left(of('x'))).toMatchObject({ gpuSecondsPerDay: { left: 58 } });
  expect(await take(of('r3'), 101)).toMatchObject({ limit: 'gpuSecondsPerDay', freeAt: undefined });
});

test('a cooldown is told to its end', async () => {
  await set({ cooldownSeconds: 30 });
  await take(of('r1'));
  now += 10_000;
  expect(await take(of('r2'))).toMatchObject({ limit: 'cooldownSeconds', most: 30, freeAt: now + 20_000 });
  now += 20_000;
  expect(await take(of('r2'))).toEqual(ALLOWED);
});

test('a clip that is larger or longer than allowed is refused, whoever has room', async () => {
  await set({ resolution: '480p', seconds: 3 });
  const request: RenderRequest = { ...REQUEST, resolution: '720p', seconds: 2 };
  expect(await take(of('r1', { request }))).toMatchObject({ limit: 'resolution', most: '480p', freeAt: undefined });
  expect(await take(of('r1'))).toMatchObject({ limit: 'seconds', most: 3 });
  expect(await take(of('r1', { request: { ...REQUEST, seconds: 3 } }))).toEqual(ALLOWED);
});

test('members of a channel and of a server share what these may have', async () => {
  const here = { channel: 'general', server: 'home', roles: [] };
  const beside = { channel: 'random', server: 'home', roles: [] };
  await set({ atOnce: 1 }, { kind: 'channel', id: 'general' });
  await set({ perDay: 2 }, { kind: 'server' });
  expect(await take(of('r1', { member: 'ada', place: here }))).toEqual(ALLOWED);
  expect(await take(of('r2', { member: 'bob', place: here }))).toMatchObject({ limit: 'atOnce', of: 'channel' });
  expect(await take(of('r2', { member: 'bob', place: beside }))).toEqual(ALLOWED);
  expect(await take(of('r3', { member: 'cy', place: beside }))).toMatchObject({ limit: 'perDay', of: 'server' });
  expect(await take(of('r3', { member: 'cy', place: { ...beside, server: 'away' } }))).toEqual(ALLOWED);
});

test('what one refuses is counted with none', async () => {
  const place = { channel: 'general', server: 'home', roles: [] };
  await set({ atOnce: 1 }, { kind: 'everyone' });
  await set({ perDay: 5 });
  await take(of('r1', { place }));
  expect(await take(of('r2', { member: 'bob', place }))).toMatchObject({ of: 'everyone' });
  expect(await limits.left(of('x', { member: 'bob' }))).toMatchObject({ perDay: { most: 5, left: 5 } });
});

test('a role widens what all members have, and a member of their own rule comes before both', async () => {
  await set({ atOnce: 1, perDay: 5 });
  await set({ atOnce: 3, weight: 2 }, { kind: 'role', id: 'boosters' });
  await set({ perDay: 0, weight: 4 }, { kind: 'role', id: 'friends' });
  await set({ atOnce: 2 }, { kind: 'member', id: 'cy' });
  const place = { roles: ['boosters', 'friends'] };
  expect((await rules.of(of('r', { place }))).member).toEqual({ atOnce: 3, perDay: 0, weight: 4 });
  expect((await rules.of(of('r', { member: 'cy', place }))).member).toMatchObject({ atOnce: 2, perDay: 0 });
  expect((await rules.of(of('r', { place, platform: 'slack' }))).member).toEqual({ atOnce: 1, perDay: 5 });
  expect(await take(of('r1', { place }))).toEqual({ isAllowed: true, weight: 4 });
  expect(await take(of('r2', { member: 'bob' }))).toEqual(ALLOWED);
});

test('a change of one limit leaves the others, is there for every bot, and is remembered with its admin', async () => {
  await set({ atOnce: 2 });
  now += 1000;
  expect(await set({ perDay: 5 })).toEqual({ atOnce: 2, perDay: 5 });
  expect(await createRules(redis).change('discord', { kind: 'member' }, {}, ADMIN)).toEqual({ atOnce: 2, perDay: 5 });
  expect(await rules.change('discord', { kind: 'member' }, { perDay: 1 }, ADMIN, true)).toEqual({ perDay: 1 });
  expect(await rules.history(10)).toEqual([
    { at: now, by: ADMIN, of: 'member', before: { atOnce: 2, perDay: 5 }, after: { perDay: 1 } },
    { at: now, by: ADMIN, of: 'member', before: { atOnce: 2 }, after: { atOnce: 2, perDay: 5 } },
    { at: now - 1000, by: ADMIN, of: 'member', before: {}, after: { atOnce: 2 } },
  ]);
});

test('two admins at once both count', async () => {
  await Promise.all([set({ atOnce: 2 }), set({ perDay: 5 }), set({ cooldownSeconds: 1 })]);
  expect(await set({})).toEqual({ atOnce: 2, perDay: 5, cooldownSeconds: 1 });
  expect(await rules.history(10)).toHaveLength(3);
});

test('a rule that cannot be read refuses everything', async () => {
  for (const broken of ['{"atOnce":-1}', '{"perDay":"many"}', '{"atonce":1}', 'nonsense']) {
    await redis.hset('{animate}:rules', 'member', broken);
    await expect(take(of('r1'))).rejects.toThrow();
  }
});

test('a rule that makes no sense is not taken', async () => {
  await expect(set({ atOnce: -1 })).rejects.toThrow();
  await expect(set({ weight: 0 })).rejects.toThrow();
  expect(await rules.history(10)).toEqual([]);
});

test('what was counted is forgotten after a day, open renders too', async () => {
  await set({ atOnce: 1, gpuSecondsPerDay: 10 });
  await take(of('r1'));
  now += 24 * HOUR_MS;
  expect(await take(of('r2'))).toEqual(ALLOWED);
  expect(await limits.left(of('x'))).toMatchObject({ atOnce: { left: 0 }, gpuSecondsPerDay: { left: 0 } });
  // An outcome that comes this late takes nothing away.
  await limits.giveBack(of('r1'), done(5));
  expect(await limits.left(of('x'))).toMatchObject({ atOnce: { left: 0 }, gpuSecondsPerDay: { left: 0 } });
});
