// `npm run bench:enqueue`: taking renders in while 10,000 wait: the latency of one at 100 commands a second, and the most per second.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { python, setUp } from '../setup.mjs';

const WAITING = 10_000;
const PER_SECOND = 100;
const SECONDS = 10;
const BURST = 5000;
const BURST_CONCURRENCY = 50;

setUp();
const { startRedisServer } = await import('../../dist/ops/redis-server.js');
const { connectRedis } = await import('../../dist/queue/redis.js');
const { createRecords } = await import('../../dist/queue/records.js');
const { createLine } = await import('../../dist/queue/line.js');
const { createEstimates } = await import('../../dist/queue/estimates.js');
const { createRoster } = await import('../../dist/queue/roster.js');
const { createDeliveries } = await import('../../dist/queue/deliveries.js');
const { createLimits } = await import('../../dist/queue/limits.js');
const { createRenderQueue } = await import('../../dist/queue/queue.js');

const folder = mkdtempSync(join(tmpdir(), 'animate-enqueue-'));
const server = await startRedisServer({
  dataFolder: folder,
  socketFolder: join(folder, 's'),
  python,
  log: pino({ level: 'silent' }),
});
const redis = connectRedis(server.url, () => undefined);
const queue = createRenderQueue({
  redis,
  records: createRecords(redis),
  line: createLine(redis),
  estimates: createEstimates(redis),
  roster: createRoster(redis),
  deliveries: createDeliveries(redis),
  limits: createLimits(redis),
});

let taken = 0;
await burst(WAITING);
const latencies = [];
for (let tick = 0; tick < SECONDS * PER_SECOND; tick += 1) {
  const started = performance.now();
  void takeOne().then(() => latencies.push(performance.now() - started));
  await sleep(1000 / PER_SECOND);
}
while (latencies.length < SECONDS * PER_SECOND) await sleep(10);
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))].toFixed(1);
const started = performance.now();
await burst(BURST);
const perSecond = BURST / ((performance.now() - started) / 1000);
process.stdout.write(
  `with ${WAITING} waiting: at ${PER_SECOND} a second median ${at(0.5)} ms, p99 ${at(0.99)} ms; at most ${perSecond.toFixed(0)} a second\n`,
);
redis.disconnect();
await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);

async function burst(count) {
  let left = count;
  const feed = async () => {
    while (left > 0) {
      left -= 1;
      await takeOne();
    }
  };
  await Promise.all(Array.from({ length: BURST_CONCURRENCY }, feed));
}

async function takeOne() {
  taken += 1;
  const id = `bench-${taken}`;
  const request = {
    image: `pictures/${id}.png`,
    prompt: 'slow zoom in',
    negative: '',
    resolution: '480p',
    quality: 'fast',
    seconds: 5,
    seed: 1,
    width: 832,
    height: 480,
    frames: 121,
  };
  const record = { id, platform: 'bench', member: { id: 'm', name: 'Bench' }, request, createdAt: Date.now() };
  await queue.admit(record);
  await queue.enqueue(record, { platform: 'bench', channel: 'c', message: id, thread: id });
}
