// What the admins of a platform are told without asking, by bots that share a Redis.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAlerts } from '../../src/bots/alerts.ts';
import { createAlertBook } from '../../src/queue/alert-book.ts';
import type { Fault, Health } from '../../src/queue/health.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { healthOf } from '../fakes/health.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const NO_WORKER: Fault = { code: 'no_worker', severity: 'broken', text: 'no worker is online' };
const PAUSED: Fault = { code: 'paused', severity: 'known', text: 'the queue is paused' };
const LOOK_EVERY_MS = 20;

let server: TestRedis;
let redis: Redis;
let faults: Fault[];
let isRedisThere: boolean;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
  faults = [];
  isRedisThere = true;
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  redis.disconnect();
  await server.stop();
});

/** One bot. `looks` resolves after it has looked so many times more. */
function startBot(options: { announce?: (sentence: string) => Promise<void>; settleMs?: number } = {}) {
  const platform = createFakePlatform();
  let looked = 0;
  const waiting: { until: number; resolve(): void }[] = [];
  const health = async (): Promise<Health> => {
    looked += 1;
    for (const { until, resolve } of waiting) if (looked >= until) resolve();
    return isRedisThere ? healthOf({ faults }) : healthOf({ redis: undefined, faults: [] });
  };
  const stop = startAlerts({
    announce: options.announce ?? (async (sentence) => platform.announce?.(sentence)),
    ...{ health, book: createAlertBook(redis, 'fake'), log: pino({ level: 'silent' }) },
    ...{ lookEveryMs: LOOK_EVERY_MS, settleMs: options.settleMs ?? 0 },
  });
  stops.push(stop);
  return {
    announced: platform.announced,
    looks: (times: number) =>
      new Promise<void>((resolve) => {
        waiting.push({ until: looked + times, resolve });
      }),
  };
}

test('two bots together tell once that something broke, and once that it healed', async () => {
  const bots = [startBot(), startBot()];
  const both = () => Promise.all(bots.map((bot) => bot.looks(10)));
  const told = () => bots.flatMap((bot) => bot.announced());
  faults = [NO_WORKER];
  await both();
  expect(told()).toEqual(['🔴 no worker is online.']);
  faults = [];
  await both();
  expect(told().sort()).toEqual(['🔴 no worker is online.', '🟢 No more: no worker is online.'].sort());
  faults = [NO_WORKER];
  await both();
  expect(told()).toHaveLength(3);
});

test('what an admin did is not news, and neither is what heals by itself in a moment', async () => {
  const bot = startBot({ settleMs: 60_000 });
  faults = [PAUSED, NO_WORKER];
  await bot.looks(5);
  faults = [];
  await bot.looks(5);
  expect(bot.announced()).toEqual([]);
});

test('what could not be said is said later', async () => {
  const told: string[] = [];
  let tries = 0;
  const bot = startBot({
    announce: async (sentence) => {
      tries += 1;
      if (tries < 3) throw new Error('the service is down');
      told.push(sentence);
    },
  });
  faults = [NO_WORKER];
  await bot.looks(12);
  expect(told).toEqual(['🔴 no worker is online.']);
});

test('a bot that starts anew does not tell again what was told', async () => {
  const first = startBot();
  faults = [NO_WORKER];
  await first.looks(5);
  expect(first.announced()).toHaveLength(1);
  for (const stop of stops.splice(0)) await stop();
  const second = startBot();
  await second.looks(8);
  expect(second.announced()).toEqual([]);
});

test('that Redis is away is told without Redis', async () => {
  const bot = startBot();
  isRedisThere = false;
  await bot.looks(4);
  expect(bot.announced()).toEqual([
    '🔴 Redis does not answer: commands are not taken; check that it runs, and REDIS_URL.',
  ]);
  isRedisThere = true;
  await bot.looks(4);
  expect(bot.announced()).toHaveLength(2);
  expect(bot.announced()[1]).toMatch(/^🟢 No more: Redis does not answer/);
});
