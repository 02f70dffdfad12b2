// What everybody who asks how it goes is told, from a real Redis.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBotRoster } from '../../src/queue/bot-roster.ts';
import { createDeliveries } from '../../src/queue/deliveries.ts';
import { createDurationLog } from '../../src/queue/durations.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { findFaults } from '../../src/queue/faults.ts';
import { gatherHealth } from '../../src/queue/gather-health.ts';
import { createLimits } from '../../src/queue/limits.ts';
import { createLine } from '../../src/queue/line.ts';
import { createQuarantine } from '../../src/queue/quarantine.ts';
import { createRenderQueue } from '../../src/queue/queue.ts';
import { createRecords } from '../../src/queue/records.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { createRoster } from '../../src/queue/roster.ts';
import { createRules } from '../../src/queue/rules.ts';
import type { RenderRequest } from '../../src/render.ts';
import { begin } from '../fakes/beginnings.ts';
import { engineOf, healthOf, NOW, workerOf } from '../fakes/health.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { DAY_MS, KEEP_MS } from '../fakes/retention.ts';

type Server = Awaited<ReturnType<typeof startDurableRedis>>;

let server: Server;
let redis: Redis;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startDurableRedis();
  redis = connectRedis(server.url, () => undefined);
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  redis.disconnect();
  await server.stop();
});

function openSources() {
  const estimates = createEstimates(redis);
  const limits = createLimits({ redis, rules: createRules(redis), estimates });
  const parts = {
    ...{ redis, records: createRecords(redis), line: createLine(redis), estimates },
    ...{ roster: createRoster(redis), deliveries: createDeliveries(redis), limits },
    ...{
      durations: createDurationLog(redis),
      quarantine: createQuarantine(redis, KEEP_MS),
      bots: createBotRoster(redis),
    },
  };
  const queue = createRenderQueue(parts);
  stops.push(() => queue.close());
  return { ...parts, queue, version: '0.1.0', store: { examine: async () => ({ kind: 'bucket' }) as const } };
}

const { id: _id, seenAt: _seenAt, ...attic } = workerOf();

test('an installation that has all it needs is well', async () => {
  const sources = openSources();
  stops.push(await sources.roster.announce('w1', async () => attic));
  const health = await gatherHealth(sources);
  expect(health).toMatchObject({
    verdict: 'well',
    faults: [],
    workers: [{ name: 'attic' }],
    store: { kind: 'bucket' },
  });
  expect(health.redis).toMatchObject({ evictionPolicy: 'noeviction', isAppendOnly: true, writeFault: undefined });
  expect(health.redis?.usedBytes).toBeGreaterThan(0);
});

test('a Redis that may lose renders is told of, with the setting that mends it', async () => {
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.config('SET', 'appendonly', 'no');
  const { verdict, faults } = await gatherHealth(openSources());
  expect(verdict).toBe('broken');
  const texts = faults.map(({ text }) => text);
  expect(texts[0]).toMatch(/^no worker is online/);
  expect(texts).toContain('Redis may throw waiting renders away: set `maxmemory-policy noeviction`, it is allkeys-lru');
  expect(texts).toContain('Redis forgets everything when it restarts: set `appendonly yes`');
});

test('while Redis is gone, or hangs, that is what is told, and within seconds', async () => {
  const sources = openSources();
  const expected = { verdict: 'broken', faults: [{ code: 'redis_away' }], redis: undefined, store: { kind: 'bucket' } };
  await redis.ping();
  await server.halt();
  expect(await gatherHealth(sources)).toMatchObject(expected);
  await server.resume();
  await redis.ping();
  await redis.client('PAUSE', 60_000);
  expect(await gatherHealth(sources)).toMatchObject(expected);
  // What hangs with it cannot be closed.
  stops.splice(0);
});

test('a store that cannot be had is told with its reason', async () => {
  const examine = () => Promise.reject(new Error('The bucket clips is not there.'));
  const { faults } = await gatherHealth({ ...openSources(), store: { examine } });
  expect(faults).toContainEqual({
    code: 'store_away',
    severity: 'broken',
    text: 'the store cannot be had: The bucket clips is not there.',
  });
});

test('the median and the 95th percentile are of the latest renders of each setting', async () => {
  const durations = createDurationLog(redis);
  const setting = { resolution: '480p', quality: 'fast', seconds: 5 } as const;
  for (let each = 1; each <= 300; each += 1) await durations.add(setting, each);
  await durations.add({ ...setting, seconds: 1.2 }, 0.5);
  expect(await durations.list()).toEqual([
    { ...setting, seconds: 1, renders: 1, median: 0.5, p95: 0.5 },
    { ...setting, renders: 200, median: 200, p95: 290 },
  ]);
});

test('a worker that went without a word is missed for an hour, unless one of its name has come back', async () => {
  let time = NOW;
  const roster = createRoster(redis, () => time);
  const byName = ({ host, name }: { host: string; name: string }) => `${host}/${name}`;
  await roster.announce('killed', async () => attic);
  time += 20_000;
  expect(await roster.list()).toEqual([]);
  expect(await roster.listMissing(byName)).toMatchObject([{ id: 'killed' }]);
  const leave = await roster.announce('successor', async () => attic);
  expect(await roster.listMissing(byName)).toEqual([]);
  await leave();
  expect(await roster.listMissing(byName)).toMatchObject([{ id: 'killed' }]);
  time += 3600_000;
  expect(await roster.listMissing(byName)).toEqual([]);
});

test('the quarantine keeps the latest, until they are let out or nothing is known of them any more', async () => {
  let time = NOW;
  const quarantine = createQuarantine(redis, KEEP_MS, () => time);
  await quarantine.add('one');
  time += 1000;
  await quarantine.add('two');
  expect(await quarantine.list(10)).toEqual(['two', 'one']);
  await quarantine.release('two');
  expect(await quarantine.countLately()).toBe(1);
  time += 25 * 3600_000;
  expect([await quarantine.countLately(), await quarantine.list(10)]).toEqual([0, ['one']]);
  time += 7 * 24 * 3600_000;
  expect(await quarantine.list(10)).toEqual([]);
});

test('what is in quarantine is part of the health, also when nothing is known of it any more', async () => {
  const sources = openSources();
  const id = 'discord-1';
  const request = {} as RenderRequest;
  const record = { id, platform: 'discord', member: { id: 'ada', name: 'Ada' }, request, createdAt: NOW };
  await begin(redis, record);
  await sources.records.create(record);
  await sources.records.settle(id, { kind: 'failed', code: 'engine_exited', message: 'It fell over.', seconds: 1 });
  await sources.quarantine.add(id);
  await sources.quarantine.add('discord-0');
  const { quarantine, quarantined } = await gatherHealth(sources);
  expect(quarantined).toBe(2);
  expect(quarantine.toSorted((one, other) => other.id.localeCompare(one.id, 'en'))).toEqual([
    { id, askedBy: 'Ada', askedAt: NOW, why: 'It fell over.' },
    { id: 'discord-0', askedBy: undefined, askedAt: undefined, why: 'nothing is known of it any more' },
  ]);
});

test('a render is in the quarantine for as long as it is known', async () => {
  let time = NOW;
  const quarantine = createQuarantine(redis, 30 * DAY_MS, () => time);
  await quarantine.add('one');
  time += 29 * DAY_MS;
  await quarantine.add('two');
  expect(await quarantine.list(10)).toEqual(['two', 'one']);
});

test.each([
  ['a lane that nobody can render', { lanes: [lane({ quality: 'best', waiting: 2 })] }, 'unable:480p best', 'broken'],
  [
    'a wait of more than a quarter of an hour',
    { lanes: [lane({ waiting: 1, oldestSeconds: 1000 })] },
    'long_wait:480p fast',
    'worn',
  ],
  ['a queue that an admin has paused', { lanes: [lane({ isPaused: true })] }, 'paused', 'known'],
  ['a worker that drains', { workers: [workerOf({ isDraining: true })] }, 'draining:gpu-box/attic', 'known'],
  [
    'a card that no engine can run on',
    {
      workers: [workerOf({ engines: [engineOf({ state: 'refused', lastError: { message: 'no kernels', at: NOW } })] })],
    },
    'refused:gpu-box/attic/0',
    'broken',
  ],
  [
    'a card that is too hot',
    { workers: [workerOf({ engines: [engineOf({ gpu: hotCard() })] })] },
    'hot:gpu-box/attic/0',
    'worn',
  ],
  [
    'a platform that is away',
    { bots: healthOf().bots.map((bot) => ({ ...bot, isConnected: false })) },
    'away:discord/home',
    'broken',
  ],
  [
    'a token that a service refuses',
    {
      bots: healthOf().bots.map((bot) => ({
        ...bot,
        fault: { setting: 'DISCORD_TOKEN', sentence: 'Discord does not take it any more' },
      })),
    },
    'setting:discord/home',
    'broken',
  ],
  [
    'a disk that is nearly full',
    { store: { kind: 'folder', freeBytes: 1e9, totalBytes: 1e12 } as const },
    'store_full',
    'worn',
  ],
  ['renders that broke every engine', { quarantined: 3 }, 'quarantine', 'worn'],
] as const)('%s is a fault', (_what, changes, code, severity) => {
  const faults = findFaults(healthOf({ ...changes } as Parameters<typeof healthOf>[0]));
  expect(faults.map((fault) => [fault.code, fault.severity])).toEqual([[code, severity]]);
  expect(faults[0]?.text).toMatch(/\w/);
});

function lane(changes: object) {
  return {
    ...{ resolution: '480p', quality: 'fast' },
    waiting: 0,
    active: 0,
    failed: 0,
    oldestSeconds: 0,
    isPaused: false,
    ...changes,
  };
}

function hotCard() {
  const card = engineOf().gpu;
  return card && { ...card, temperature: 93 };
}
