// Deliveries on a real Redis: each outcome is handed over once, however often it takes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDeliveries, createDeliveryWorker } from '../../src/queue/deliveries.ts';
import { createRecords, type Outcome, type RenderRecord } from '../../src/queue/records.ts';
import { begin } from '../fakes/beginnings.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

let server: TestRedis;
let redis: Redis;

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

const record: RenderRecord = {
  id: 'web-1',
  platform: 'web',
  member: { id: 'm', name: 'Ada' },
  request: {
    image: 'pictures/web-1.png',
    prompt: 'pan left',
    negative: '',
    resolution: '480p',
    quality: 'fast',
    seconds: 1,
    seed: 1,
    width: 832,
    height: 480,
    frames: 25,
  },
  createdAt: 0,
};
const failed: Outcome = { kind: 'failed', code: 'render_failed', message: 'It broke.', seconds: 1 };

test('a delivery that fails is tried again until it works, and then marked as done', async () => {
  const records = createRecords(redis);
  await begin(redis, record);
  await records.create(record);
  await records.open('web-1', { platform: 'web', channel: 'c', message: 'm', thread: 't' });
  await records.settle('web-1', failed);
  let tries = 0;
  let finish = (): void => undefined;
  const delivered = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const worker = createDeliveryWorker({
    redis,
    records,
    platform: 'web',
    deliver: async () => {
      tries += 1;
      if (tries < 2) throw new Error('the chat service is down');
      finish();
      return failed;
    },
    showAgain: async () => undefined,
    onRemoved: async () => undefined,
    onError: () => undefined,
  });
  const deliveries = createDeliveries(redis);
  await deliveries.add('web', 'web-1');
  await deliveries.add('web', 'web-1');
  await delivered;
  await worker.close();
  await deliveries.close();
  expect(tries).toBe(2);
  expect((await records.get('web-1'))?.isDelivered).toBe(true);
  expect(await records.listOpen('web')).toEqual([]);
});

test('a delivery whose bot is killed in the middle is made by the next bot, once', async () => {
  const records = createRecords(redis);
  await begin(redis, record);
  await records.create(record);
  await records.open('web-1', { platform: 'web', channel: 'c', message: 'm', thread: 't' });
  await records.settle('web-1', failed);
  const deliveries = createDeliveries(redis);
  await deliveries.add('web', 'web-1');
  const script = fileURLToPath(new URL('../fixtures/hangs-in-delivery.mjs', import.meta.url));
  const bot = spawn(process.execPath, [script, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(bot.stdout, 'data');
  const killed = once(bot, 'exit');
  bot.kill('SIGKILL');
  await killed;

  let tries = 0;
  let finish = (): void => undefined;
  const delivered = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const deliver = async (): Promise<Outcome> => {
    tries += 1;
    finish();
    return failed;
  };
  const next = createDeliveryWorker({
    ...{ redis, records, platform: 'web', deliver },
    showAgain: async () => undefined,
    onRemoved: async () => undefined,
    onError: () => undefined,
  });
  await delivered;
  await next.close();
  await deliveries.close();
  expect(tries).toBe(1);
  expect((await records.get('web-1'))?.isDelivered).toBe(true);
});

test('the first outcome stands, whatever comes after it', async () => {
  const records = createRecords(redis);
  await begin(redis, record);
  await records.create(record);
  await records.settle('web-1', { kind: 'cancelled', freed: 'released', seconds: 1 });
  expect(await records.settle('web-1', failed)).toMatchObject({ kind: 'cancelled' });
  expect((await records.get('web-1'))?.outcome).toMatchObject({ kind: 'cancelled' });
});

test('a render that is known already is not taken in again', async () => {
  const records = createRecords(redis);
  await begin(redis, record);
  expect(await records.create(record)).toBe(true);
  expect(await records.create({ ...record, createdAt: 5 })).toBe(false);
  expect((await records.get('web-1'))?.record.createdAt).toBe(0);
});

test('what is to be shown again is let go once its first delivery was given up', async () => {
  const records = createRecords(redis);
  await begin(redis, record);
  await records.create(record);
  await records.open('web-1', { platform: 'web', channel: 'c', message: 'm', thread: 't' });
  await records.settle('web-1', failed);
  const shown: string[] = [];
  const worker = createDeliveryWorker({
    ...{ redis, records, platform: 'web', deliver: async () => failed, onRemoved: async () => undefined },
    showAgain: async () => void shown.push('again'),
    onError: (error) => expect.fail(String(error)),
  });
  const deliveries = createDeliveries(redis);
  await deliveries.add('web', 'web-1', 'again');
  await expect.poll(() => redis.exists('{animate}:deliveries-web:again-web-1'), { timeout: 60_000 }).toBe(0);
  expect(await deliveries.waiting('web')).toBe(0);
  expect(shown).toEqual([]);
  await worker.close();
  await deliveries.close();
});
