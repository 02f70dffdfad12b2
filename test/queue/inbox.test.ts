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
  await (await inbox.put('one', 'a command'))();
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
  await (await inbox.put('one', 'a command'))();
  expect((await failed).message).toBe('The store is full');
  expect(await redis.exists('{animate}:inbox-discord:i-one')).toBe(0);
});

test('what is taken out before it was let go is never begun, and what comes twice is one item', async () => {
  const handled: string[] = [];
  const untilHandled = new Promise<void>((resolve) => {
    void inbox.work({
      async handle(item) {
        handled.push(item);
        resolve();
      },
      onError: () => undefined,
    });
  });
  await inbox.put('late', 'its member was told that nothing was started');
  await inbox.drop('late');
  const letGo = await inbox.put('one', 'a command');
  const letGoAgain = await inbox.put('one', 'a command');
  await letGo();
  await letGoAgain();
  await untilHandled;
  expect(handled).toEqual(['a command']);
});

test.each([
  ['was told no', () => Promise.resolve('refused' as const)],
  ['was told that it was given up', () => Promise.reject(new GivenUp('The store is full'))],
])('of a command whose member %s, nothing is made when the same event comes again', async (_what, refuse) => {
  const handled: string[] = [];
  await inbox.work({
    async handle(item) {
      handled.push(item);
      return item === 'a command' ? refuse() : undefined;
    },
    onError: () => undefined,
  });
  await (await inbox.put('one', 'a command'))();
  await expect.poll(() => redis.exists('{animate}:inbox-discord:i-one')).toBe(0);
  await (await inbox.put('one', 'a command'))();
  await (await inbox.put('two', 'another command'))();
  await expect.poll(() => handled).toContain('another command');
  await expect.poll(() => redis.exists('{animate}:inbox-discord:i-one')).toBe(0);
  expect(handled).toEqual(['a command', 'another command']);
});
