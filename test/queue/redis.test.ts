// The connection to Redis, as a log tells of it.
import { expect, test } from 'vitest';
import { connectRedis, logOutages } from '../../src/queue/redis.ts';
import { startDurableRedis } from '../fakes/redis.ts';

test('each outage of Redis is one line when it begins and one when it is over', async () => {
  const server = await startDurableRedis();
  const redis = connectRedis(server.url, () => undefined);
  const lines: string[] = [];
  const log = (...words: unknown[]) => lines.push(String(words.at(-1)));
  logOutages(redis, { info: log, warn: log });
  // `once` of node:events would take the outage's error for the end of the wait.
  const next = (event: 'ready' | 'reconnecting') => new Promise((resolve) => redis.once(event, resolve));
  try {
    await next('ready');
    for (const outage of [1, 2]) {
      await server.halt();
      while (lines.length < outage * 2 - 1) await next('reconnecting');
      // Another try that fails says nothing new.
      await next('reconnecting');
      const back = next('ready');
      await server.resume();
      await back;
    }
  } finally {
    redis.disconnect();
    await server.stop();
  }
  const outage = ['Redis cannot be reached; waiting for it', 'Redis is back'];
  expect(lines).toEqual([...outage, ...outage]);
});
