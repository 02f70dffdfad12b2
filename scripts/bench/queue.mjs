// `npm run bench:queue`: what a long line costs. With 1,000, 10,000 and 100,000 renders waiting, half of them one member's:
// taking one in, looking a place up, giving the next to an engine, whom a newcomer waits behind, and memory in Redis.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { python, setUp } from '../setup.mjs';

const SIZES = [1000, 10_000, 100_000];
const MEMBERS = 1000;
const PER_SECOND = 100;
const SECONDS = 10;
const LOOK_UPS = 500;
const BURST = 5000;
const CONCURRENCY = 50;
const LANE = { resolution: '480p', quality: 'fast' };

setUp();
const { startRedisServer } = await import('../../dist/ops/redis-server.js');
const { connectRedis } = await import('../../dist/queue/redis.js');
const { createBeginnings } = await import('../../dist/queue/beginnings.js');
const { createRecords } = await import('../../dist/queue/records.js');
const { createLine } = await import('../../dist/queue/line.js');
const { createEstimates } = await import('../../dist/queue/estimates.js');
const { createRoster } = await import('../../dist/queue/roster.js');
const { createRules } = await import('../../dist/queue/rules.js');
const { createDeliveries } = await import('../../dist/queue/deliveries.js');
const { createLimits } = await import('../../dist/queue/limits.js');
const { createRenderQueue } = await import('../../dist/queue/queue.js');

const folder = mkdtempSync(join(tmpdir(), 'animate-queue-'));
const server = await startRedisServer({
  dataFolder: folder,
  socketFolder: join(folder, 's'),
  python,
  log: pino({ level: 'silent' }),
});
const redis = connectRedis(server.url, () => undefined);
const line = createLine(redis);
const rules = createRules(redis);
const estimates = createEstimates(redis);
const limits = createLimits({ redis, rules, estimates });
const records = createRecords(redis);
const beginnings = createBeginnings(redis);
const queue = createRenderQueue({
  ...{ redis, records, line, limits, estimates, roster: createRoster(redis) },
  deliveries: createDeliveries(redis),
});
await rules.change('bench', { kind: 'member' }, { perDay: 1_000_000 }, { id: 'bench', name: 'Bench' });

const memoryBefore = await usedMemory();
let taken = 0;
for (const size of SIZES) {
  await burst(size - taken);
  const memory = (await usedMemory()) - memoryBefore;
  const write = await atPace(() => redis.set('bench', '1'));
  await redis.config('RESETSTAT');
  const admission = await atPace(() => takeOne());
  const busyMs = (await busyTime()) / (SECONDS * PER_SECOND);
  const looks = await oneByOne(LOOK_UPS, async () => {
    const entry = await records.get(`bench-${1 + Math.floor(Math.random() * size)}`);
    await queue.status(entry);
  });
  const begun = [];
  const turns = await oneByOne(LOOK_UPS, async () => begun.push(await takeNext()));
  const newcomer = await takeOne('newcomer');
  let before = 0;
  while ((await takeNext()) !== newcomer) before += 1;
  const waiting = (await line.waiting(LANE)).count;
  const perSecond = await throughput();
  print(`${size} waiting`, [
    `admission at ${PER_SECOND} a second: ${describe(admission)}`,
    `one SET at the same pace, for comparison: ${describe(write)}`,
    `of that Redis itself at work: mean ${busyMs.toFixed(2)} ms`,
    `at most ${perSecond.toFixed(0)} admissions a second`,
    `a place, its time and its state: ${describe(looks)}`,
    `the next one for an engine: ${describe(turns)}`,
    `begun before a newcomer's first: ${before} of ${waiting}`,
    `Redis: ${(memory / 2 ** 20).toFixed(1)} MiB, ${(memory / size).toFixed(0)} bytes for each`,
  ]);
}
redis.disconnect();
await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);

async function takeNext() {
  const next = await line.next('fast', ['480p', '720p']);
  await line.take(LANE, next.id);
  return next.id;
}

async function burst(count) {
  let left = count;
  const feed = async () => {
    while (left > 0) {
      left -= 1;
      await takeOne();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, feed));
}

async function throughput() {
  const started = performance.now();
  await burst(BURST);
  return BURST / ((performance.now() - started) / 1000);
}

/** Milliseconds, sorted. Each begins when its time has come, whether or not those before it have ended. */
async function atPace(act) {
  const times = [];
  for (let tick = 0; tick < SECONDS * PER_SECOND; tick += 1) {
    const started = performance.now();
    void act().then(() => times.push(performance.now() - started));
    await sleep(1000 / PER_SECOND);
  }
  while (times.length < SECONDS * PER_SECOND) await sleep(10);
  return times.sort((a, b) => a - b);
}

async function oneByOne(count, act) {
  const times = [];
  for (let turn = 0; turn < count; turn += 1) {
    const started = performance.now();
    await act();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b);
}

function describe(times) {
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function usedMemory() {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
}

/** Milliseconds that Redis worked for admissions. What a script calls is in the script's time. */
async function busyTime() {
  const stats = await redis.info('commandstats');
  const times = ['eval', 'exec', 'hmget'].map((name) =>
    Number(RegExp(`cmdstat_${name}:calls=\\d+,usec=(\\d+)`).exec(stats)?.[1] ?? 0),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1000;
}

function print(title, lines) {
  process.stdout.write(`${title}\n${lines.map((each) => `  ${each}\n`).join('')}`);
}

/** All that a bot asks Redis for: whether it may, the record, the message, the line. */
async function takeOne(who) {
  taken += 1;
  const id = `bench-${taken}`;
  const member = who ?? (taken % 2 === 0 ? 'flood' : `member-${taken % MEMBERS}`);
  const request = {
    image: `pictures/${id}.png`,
    prompt: 'she turns to the camera and smiles, wind in her hair, slow zoom in',
    negative: '',
    ...LANE,
    seconds: 5,
    seed: 1,
    width: 832,
    height: 480,
    frames: [25, 49, 73, 97, 121][taken % 5],
  };
  const place = { channel: `channel-${taken % 20}`, server: `server-${taken % 5}`, roles: ['role-1', 'role-2'] };
  const record = {
    id,
    platform: 'bench',
    member: { id: member, name: 'Bench' },
    place,
    request,
    createdAt: Date.now(),
  };
  await beginnings.begin(record, Date.now());
  const { weight } = await limits.take(record);
  await queue.admit({ ...record, weight });
  await queue.enqueue(record, { platform: 'bench', channel: 'c', message: id, thread: id });
  await beginnings.end(record);
  return id;
}
