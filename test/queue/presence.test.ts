// Who is there, who has gone without a word, and who has taken leave.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPresence } from '../../src/queue/presence.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const ANNOUNCE_EVERY_MS = 3000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let server: TestRedis;
let redis: Redis;
const clock = { now: 0 };
beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  clock.now = Date.now();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  redis.disconnect();
  await server.stop();
});

const open = () => createPresence<{ name: string }>(redis, 'presence', () => clock.now);
const names = async () => (await open().list()).map(({ name }) => name);
const missing = async () => (await open().listMissing(({ name }) => name)).map(({ name }) => name);

test('one that announces itself is there until it takes leave', async () => {
  const leave = await open().announce('a', async () => ({ name: 'one' }));
  expect(await names()).toEqual(['one']);
  await leave();
  expect([await names(), await missing()]).toEqual([[], []]);
});

test('one that takes leave while it describes itself is not there again', async () => {
  let answer = (_told: { name: string }) => {};
  const describing = new Promise<{ name: string }>((resolve) => {
    answer = resolve;
  });
  const answers = [Promise.resolve({ name: 'one' }), describing];
  const leave = await open().announce('a', () => answers.shift() ?? Promise.reject(new Error('Asked too often')));
  vi.advanceTimersByTime(ANNOUNCE_EVERY_MS);
  await leave();
  answer({ name: 'one' });
  await describing;
  expect(await names()).toEqual([]);
  clock.now += MINUTE_MS;
  expect(await missing()).toEqual([]);
});

test('one that says nothing any more is gone, missing for an hour, and then forgotten by those who ask', async () => {
  await open().announce('a', async () => ({ name: 'one' }));
  clock.now += MINUTE_MS;
  expect([await names(), await missing()]).toEqual([[], ['one']]);
  clock.now += HOUR_MS;
  expect(await missing()).toEqual([]);
});

test('one that another of its name has come for is not missing', async () => {
  await open().announce('a', async () => ({ name: 'one' }));
  clock.now += MINUTE_MS;
  await open().announce('b', async () => ({ name: 'one' }));
  expect([await names(), await missing()]).toEqual([['one'], []]);
});

test('an announcement that fails is followed by the next', async () => {
  let fails = false;
  await open().announce('a', async () => {
    if (fails) throw new Error('Redis is away');
    return { name: 'one' };
  });
  fails = true;
  vi.advanceTimersByTime(ANNOUNCE_EVERY_MS);
  fails = false;
  clock.now += MINUTE_MS;
  vi.advanceTimersByTime(ANNOUNCE_EVERY_MS);
  await vi.waitUntil(async () => (await names()).length === 1, { timeout: 90_000 });
});
