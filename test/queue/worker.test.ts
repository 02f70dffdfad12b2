// The worker's side of the queue, on a real Redis, with engines that do what the test says.
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Claim } from '../../src/gpu/pool.ts';
import { createFileStore } from '../../src/media/files.ts';
import { createDeliveries, type Deliveries } from '../../src/queue/deliveries.ts';
import { createDurationLog } from '../../src/queue/durations.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { createLimits } from '../../src/queue/limits.ts';
import { createLine, type Line } from '../../src/queue/line.ts';
import { createQuarantine } from '../../src/queue/quarantine.ts';
import { createRecords } from '../../src/queue/records.ts';
import { createRoster } from '../../src/queue/roster.ts';
import { createRules } from '../../src/queue/rules.ts';
import { startRenderWorker } from '../../src/queue/worker.ts';
import { REQUEST } from '../bots/limited-bot.ts';
import { begin } from '../fakes/beginnings.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';

const LANE = { resolution: '480p', quality: 'fast' } as const;
const RECORD = {
  ...{ id: 'web-1', platform: 'web', member: { id: 'ada', name: 'Ada' }, createdAt: Date.now(), request: REQUEST },
};
const REF = { platform: 'web', channel: 'c', message: 'm', thread: 't' };

let server: TestRedis;
let redis: Redis;
let line: Line;
let deliveries: Deliveries;
beforeEach(async () => {
  server = await startRedis();
  redis = new Redis({ ...server.options, maxRetriesPerRequest: null });
  line = createLine(redis);
  deliveries = createDeliveries(redis);
});
afterEach(async () => {
  await deliveries.close();
  redis.disconnect();
  await server.stop();
});

/** With one engine, which takes as long over a render as the worker lets it. */
async function startWorker() {
  const claimed: string[] = [];
  const said = new EventTarget();
  const lines: string[] = [];
  const write = (text: string) => {
    lines.push(JSON.parse(text).msg);
    said.dispatchEvent(new Event('said'));
  };
  const lease: Claim['lease'] = (signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  let isFree = true;
  const records = createRecords(redis);
  const [estimates, rules] = [createEstimates(redis), createRules(redis)];
  await begin(redis, RECORD);
  await records.create(RECORD);
  await records.open(RECORD.id, REF);
  await line.join(LANE, { id: RECORD.id, member: 'ada', workload: 'w', seconds: 10, weight: 1 });
  const worker = await startRenderWorker({
    ...{ redis, records, line, estimates, deliveries, roster: createRoster(redis) },
    ...{ limits: createLimits({ redis, rules, estimates }), durations: createDurationLog(redis) },
    ...{ quarantine: createQuarantine(redis, KEEP_MS), gpus: { latest: () => [] }, store: createFileStore('/nowhere') },
    pool: {
      hasRoom: () => isFree,
      claim(id) {
        if (!isFree) return undefined;
        isFree = false;
        claimed.push(id);
        return {
          isAsleep: false,
          lease,
          async [Symbol.asyncDispose]() {
            isFree = true;
          },
        };
      },
      onRoom: () => undefined,
      unload: () => undefined,
      describe: () => [],
    },
    describe: () => ({
      ...{ name: 'one', version: '0', engine: 'preview', slots: 1, loaded: 1, quality: 'fast', launched: 'plainly' },
      holds: { '480p': 1, '720p': 0 },
    }),
    ...{ silenceMs: 1000, drainMs: 0, log: pino({}, { write }) },
  });
  return {
    worker,
    claimed,
    async until(message: string) {
      while (!lines.includes(message)) await once(said, 'said');
    },
  };
}

test('a worker takes the first in line, and puts it back when it is told to stop', async () => {
  const { worker, claimed, until } = await startWorker();
  await until('Rendering');
  expect([claimed[0], (await line.waiting(LANE)).count]).toEqual(['web-1', 0]);
  await worker.close();
  expect(await redis.keys('*renders-480p-fast:wait')).toHaveLength(1);
});

test('a worker that was drained takes nothing when it starts again', async () => {
  await createRoster(redis).drain('one', true);
  const { worker, claimed } = await startWorker();
  await worker.close();
  expect([claimed, (await line.waiting(LANE)).count]).toEqual([[], 1]);
});

test('a worker whose Redis answers with an error when it is back goes on', async () => {
  const { worker, until } = await startWorker();
  await until('Rendering');
  vi.spyOn(redis, 'exists').mockRejectedValue(new Error('BUSY Redis is busy running a script'));
  await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until('Cancels that were missed could not be looked for');
  await worker.close();
});
