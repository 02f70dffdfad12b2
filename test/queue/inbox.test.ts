// The inbox on a real Redis: what was acknowledged is finished, or its member is told that it was not.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInbox, GivenUp, type Inbox } from '../../src/queue/inbox.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

let server: TestRedis;
let redis: Redis;
let inbox: Inbox<string>;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  inbox = createInbox<string>(redis, 'discord');
});

afterEach(async () => {
  await inbox.close();
  redis.disconnect();
  await server.stop();
});

test('a member who could not be told that it failed is told later', async () => {
  const attempts: boolean[] = [];
  const told = new Promise<void>((resolve) => {
    void inbox.work({
      async handle(_item, { isLast }) {
        attempts.push(isLast);
        // The fourth time even telling fails.
        if (attempts.length <= 4) throw new Error('The service is away');
        resolve();
      },
      onError: () => undefined,
    });
  });
  await inbox.put('one', 'a command');
  await told;
  expect(attempts).toEqual([false, false, false, true, true]);
});

test('what its member was told of is over', async () => {
  const failed = new Promise<Error>((resolve) => {
    void inbox.work({
      handle: () => Promise.reject(new GivenUp('The store is full')),
      onError: resolve,
    });
  });
  await inbox.put('one', 'a command');
  expect((await failed).message).toBe('The store is full');
  expect(await redis.exists('{animate}:inbox-discord:i-one')).toBe(0);
});
