// The bot's side of the queue, on a real Redis: what a bot that dies leaves half done, and what is told of the line.
import { once } from 'node:events';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDeliveries, type Deliveries } from '../../src/queue/deliveries.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { addRender, openRendersQueue } from '../../src/queue/jobs.ts';
import { createLimits } from '../../src/queue/limits.ts';
import { createLine, type Line } from '../../src/queue/line.ts';
import { createQuarantine } from '../../src/queue/quarantine.ts';
import { createRenderQueue, type RenderQueue } from '../../src/queue/queue.ts';
import { createRecords, type Records, type RenderRecord } from '../../src/queue/records.ts';
import { KEY_PREFIX } from '../../src/queue/redis.ts';
import { createRoster, type Roster } from '../../src/queue/roster.ts';
import { createRules } from '../../src/queue/rules.ts';
import { begin } from '../fakes/beginnings.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';

const LANE = { resolution: '480p', quality: 'fast' } as const;
const REF = { platform: 'web', channel: 'c', message: 'm', thread: 't' };

let server: TestRedis;
let redis: Redis;
let records: Records;
let line: Line;
let roster: Roster;
let deliveries: Deliveries;
let queue: RenderQueue;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  records = createRecords(redis);
  line = createLine(redis);
  roster = createRoster(redis);
  deliveries = createDeliveries(redis);
  const estimates = createEstimates(redis);
  const limits = createLimits({ redis, rules: createRules(redis), estimates });
  const quarantine = createQuarantine(redis, KEEP_MS);
  queue = createRenderQueue({ redis, records, line, roster, deliveries, limits, estimates, quarantine });
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await queue.close();
  await deliveries.close();
  redis.disconnect();
  await server.stop();
});

const recordOf = (id: string, member = 'ada'): RenderRecord => ({
  ...{ id, platform: 'web', member: { id: member, name: member }, createdAt: Date.now() },
  request: {
    ...{ image: 'pictures/x.png', prompt: 'go', negative: '', seed: 1, width: 832, height: 480, frames: 121 },
    ...{ ...LANE, seconds: 5 },
  },
});

async function admit(id: string, member?: string): Promise<void> {
  const record = recordOf(id, member);
  await begin(redis, record);
  await queue.admit(record);
  await queue.enqueue(record, REF);
}

/** A worker with so many engines, as the roster knows it. */
const announce = async (count: number) =>
  stops.push(
    await roster.announce(`worker-${count}`, async () => ({
      ...{ host: 'here', name: 'one', engine: 'preview', slots: count, loaded: count, quality: 'fast' as const },
      ...{ holds: { '480p': count, '720p': count }, launched: 'plainly', isDraining: false },
      ...{ version: '0.1.0', engines: [] },
    })),
  );

async function statusOf(id: string) {
  const entry = await queue.find(id);
  if (!entry) throw new Error(`There is no ${id}`);
  return queue.status(entry);
}

test('a render is in line once however often its event comes, and is no job before its turn', async () => {
  for (let times = 0; times < 3; times += 1) await admit('web-1');
  expect(await line.waiting(LANE)).toMatchObject({ count: 1 });
  const jobs = openRendersQueue(redis, 'renders-480p-fast');
  expect(await jobs.getWaitingCount()).toBe(0);
  await jobs.close();
});

test('a bot that died before it joined the line is made good by the next; what is elsewhere stays there', async () => {
  await begin(redis, recordOf('web-1'));
  await queue.admit(recordOf('web-1'));
  await records.open('web-1', REF);
  await admit('web-2', 'bob');
  await admit('web-3', 'cy');
  const jobs = openRendersQueue(redis, 'renders-480p-fast');
  await addRender(jobs, 'web-3');
  await line.take(LANE, 'web-3');
  expect((await queue.recover('web')).sort()).toEqual(['web-1', 'web-2', 'web-3']);
  await queue.recover('web');
  expect(await line.waiting(LANE)).toMatchObject({ count: 2 });
  expect(await line.has(LANE, 'web-3')).toBe(false);
  await jobs.close();
});

test('a place moves back for those who have had less, and so does the time', async () => {
  await announce(2);
  for (let number = 1; number <= 5; number += 1) await admit(`web-ada-${number}`);
  expect(await statusOf('web-ada-5')).toMatchObject({
    state: 'waiting',
    place: { position: 5, secondsUntilStart: 60 },
  });
  await admit('web-bob-1', 'bob');
  expect(await statusOf('web-bob-1')).toMatchObject({ place: { position: 2, secondsUntilStart: 15 } });
  expect(await statusOf('web-ada-5')).toMatchObject({ place: { position: 6, secondsUntilStart: 75 } });
  await queue.cancel('web-ada-2');
  expect(await statusOf('web-ada-5')).toMatchObject({ place: { position: 5 } });
});

test.each(['in line', 'made a job', 'in line and made a job'])(
  'a render that is %s is cancelled before it starts',
  async (where) => {
    await admit('web-1');
    const jobs = openRendersQueue(redis, 'renders-480p-fast');
    if (where !== 'in line') await addRender(jobs, 'web-1');
    if (where === 'made a job') await line.take(LANE, 'web-1');
    expect(await queue.cancel('web-1')).toBe('removed');
    expect(await line.waiting(LANE)).toMatchObject({ count: 0 });
    expect(await jobs.getWaitingCount()).toBe(0);
    expect((await queue.find('web-1'))?.outcome).toMatchObject({ kind: 'cancelled', freed: 'not_started' });
    await jobs.close();
  },
);

test('counts are of the line and of what was made a job, and the wait is the longest', async () => {
  await admit('web-1');
  await admit('web-2', 'bob');
  const jobs = openRendersQueue(redis, 'renders-480p-fast');
  await addRender(jobs, 'web-1');
  await line.take(LANE, 'web-1');
  const [fast] = await queue.counts();
  expect(fast).toMatchObject({ resolution: '480p', quality: 'fast', waiting: 2, active: 0, isPaused: false });
  await jobs.close();
});

test('how long until there is room again goes by the engines that are there', async () => {
  const { request } = recordOf('web-1');
  expect(await queue.secondsUntilEnded(request, 4)).toBeUndefined();
  await announce(2);
  expect(await queue.secondsUntilEnded(request, 4)).toBe(60);
});

test('the bot hears of a render that waits, begins and ends', async () => {
  const heard: string[] = [];
  const told = new EventTarget();
  const onChange = (id: string) => {
    heard.push(id);
    told.dispatchEvent(new Event('change'));
  };
  const onError = (error: Error) => {
    throw error;
  };
  stops.push(await queue.watch({ onChange, onLineMoved: () => undefined, onError }));
  const jobs = openRendersQueue(redis, 'renders-480p-fast');
  const worker = new Worker(jobs.name, async () => undefined, { connection: redis, prefix: KEY_PREFIX });
  stops.push(async () => {
    await worker.close();
    await jobs.close();
  });
  await addRender(jobs, 'web-1');
  while (heard.length < 3) await once(told, 'change');
  expect(heard).toEqual(['web-1', 'web-1', 'web-1']);
});
