// What is claimed belongs to one, also when connections are lost.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNotes } from '../../src/queue/notes.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { startProxy } from '../campaign/proxy.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';

const LONG_MS = 60_000;

let server: TestRedis;
let redis: Redis;
beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

test('of those who claim a name at once one has it, until its time is over', async () => {
  const notes = createNotes(redis, 'test', KEEP_MS);
  const claims = await Promise.all([1, 2, 3].map(() => notes.claim('it', LONG_MS)));
  expect(claims.filter((isMine) => isMine)).toHaveLength(1);
  expect(await notes.claim('it', LONG_MS)).toBe(false);
  expect(await notes.claim('another', 1)).toBe(true);
  await expect.poll(() => notes.claim('another', LONG_MS)).toBe(true);
});

test('a claim whose answer is lost with its connection is a claim all the same', async () => {
  const proxy = await startProxy({ path: server.url });
  const away = connectRedis(proxy.url, () => undefined);
  await away.ping();
  const notes = createNotes(away, 'test', KEEP_MS);
  // Redis has it well before the answer is let through.
  proxy.slow(500);
  const claim = notes.claim('it', LONG_MS);
  await expect.poll(() => redis.keys('*')).toHaveLength(1);
  proxy.slow(0);
  proxy.cut();
  expect(await claim).toBe(true);
  away.disconnect();
  proxy.close();
});
