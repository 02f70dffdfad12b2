// What is not as it should be, in words, each with what to do about it.
import type { Fault, Health } from './health.ts';
import type { EngineEntry, WorkerEntry } from './roster.ts';

const SLOW_REDIS_MS = 100;
const FULL_REDIS_SHARE = 0.9;
const LONG_WAIT_SECONDS = 15 * 60;
const SCARCE_BYTES = 5 * 1024 ** 3;
const HOT_DEGREES = 90;
/** An engine that has broken is tried again by itself; what is older than this is history. */
const RECENT_MS = 15 * 60_000;

export const redisIsAway: Fault = {
  code: 'redis_away',
  severity: 'broken',
  text: 'Redis does not answer: commands are not taken; check that it runs, and REDIS_URL',
};

const SEVERITIES = ['broken', 'worn', 'known'] as const;

export function findFaults(health: Omit<Health, 'faults' | 'verdict'>): Fault[] {
  const faults = [
    ...findRedisFaults(health),
    ...findQueueFaults(health),
    ...health.workers.flatMap((worker) => findWorkerFaults(worker, health.at)),
    ...findMissing(health),
    ...findPlatformFaults(health),
    ...findStoreFaults(health),
  ];
  return faults.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
}

type Found = Omit<Health, 'faults' | 'verdict'>;

function fault(code: string, severity: Fault['severity'], text: string, isSo = true): Fault[] {
  return isSo ? [{ code, severity, text }] : [];
}

function findRedisFaults({ redis }: Found): Fault[] {
  if (!redis) return [];
  const { latencyMs, usedBytes, maxBytes, evictionPolicy, isAppendOnly, writeFault } = redis;
  const isEvicting = evictionPolicy !== undefined && evictionPolicy !== 'noeviction';
  const isFull = maxBytes > 0 && usedBytes > maxBytes * FULL_REDIS_SHARE;
  return [
    ...fault('redis_slow', 'worn', `Redis took ${Math.round(latencyMs)} ms to answer`, latencyMs > SLOW_REDIS_MS),
    ...fault(
      'redis_evicts',
      'worn',
      `Redis may throw waiting renders away: set \`maxmemory-policy noeviction\`, it is ${evictionPolicy}`,
      isEvicting,
    ),
    ...fault('redis_forgets', 'worn', 'Redis forgets everything when it restarts: set `appendonly yes`', !isAppendOnly),
    ...fault(
      'redis_disk',
      'broken',
      `Redis could not write ${writeFault}: make room on its disk`,
      writeFault !== undefined,
    ),
    ...fault('redis_full', 'worn', 'Redis has used more than nine tenths of its memory: raise `maxmemory`', isFull),
  ];
}

function findQueueFaults({ lanes, workers, quarantined }: Found): Fault[] {
  const loaded = workers.reduce((sum, worker) => sum + worker.loaded, 0);
  const noWorker = 'no worker is online: start one with `animate-bot worker`';
  return [
    ...fault('no_worker', 'broken', noWorker, workers.length === 0),
    ...fault('no_engine', 'broken', 'no engine is loaded yet', workers.length > 0 && loaded === 0),
    ...fault(
      'paused',
      'known',
      'the queue is paused: `resume` starts it again',
      lanes.some(({ isPaused }) => isPaused),
    ),
    ...fault(
      'quarantine',
      'worn',
      `${quarantined} of the last day’s renders broke every engine that tried them: see \`quarantine\``,
      quarantined > 0,
    ),
    ...lanes.flatMap(({ resolution, quality, waiting, oldestSeconds }) => {
      const isHeld = workers.some((worker) => worker.holds[resolution] > 0 && worker.quality === quality);
      const name = `${resolution} ${quality}`;
      const isStuck = waiting > 0 && !isHeld && workers.length > 0;
      const isLong = oldestSeconds > LONG_WAIT_SECONDS;
      return [
        ...fault(`unable:${name}`, 'broken', `no GPU online can render ${name}`, isStuck),
        ...fault(
          `long_wait:${name}`,
          'worn',
          `somebody has waited ${Math.round(oldestSeconds / 60)} min for ${name}`,
          isLong,
        ),
      ];
    }),
  ];
}

function findWorkerFaults(worker: WorkerEntry, now: number): Fault[] {
  const name = `${worker.name} on ${worker.host}`;
  return [
    ...fault(`draining:${worker.host}/${worker.name}`, 'known', `${name} is draining`, worker.isDraining),
    ...worker.engines.flatMap((engine) => findEngineFaults(engine, name, `${worker.host}/${worker.name}`, now)),
  ];
}

function findEngineFaults(engine: EngineEntry, worker: string, key: string, now: number): Fault[] {
  const { slot, state, gpu, lastError } = engine;
  const code = `${key}/${slot}`;
  const name = `engine ${slot} of ${worker}`;
  const isFailing = state === 'starting' && lastError !== undefined && now - lastError.at < RECENT_MS;
  const temperature = gpu?.temperature ?? 0;
  return [
    ...fault(`refused:${code}`, 'broken', `${name} is left out: ${lastError?.message ?? ''}`, state === 'refused'),
    ...fault(`failing:${code}`, 'worn', `${name} does not start: ${lastError?.message ?? ''}`, isFailing),
    ...fault(`hot:${code}`, 'worn', `the card of ${name} is at ${temperature} °C`, temperature >= HOT_DEGREES),
  ];
}

function findMissing({ missingWorkers, missingBots }: Found): Fault[] {
  return [
    ...missingWorkers.flatMap(({ host, name }) =>
      fault(`missing:${host}/${name}`, 'worn', `the worker ${name} on ${host} went without a word`),
    ),
    ...missingBots.flatMap(({ host, platform }) =>
      fault(`missing_bot:${host}/${platform}`, 'worn', `the bot on ${platform} of ${host} went without a word`),
    ),
  ];
}

function findPlatformFaults({ bots }: Found): Fault[] {
  const settings = bots.flatMap(({ platform, host, fault: found }) =>
    found ? fault(`setting:${platform}/${host}`, 'broken', `${found.setting} of ${host}: ${found.sentence}`) : [],
  );
  const away = bots
    .filter(({ isConnected }) => !isConnected)
    .flatMap(({ platform, host, undelivered }) => {
      const waiting = undelivered > 0 ? `, and ${undelivered} outcomes wait for it` : '';
      return fault(`away:${platform}/${host}`, 'broken', `${host} is not connected to ${platform}${waiting}`);
    });
  return [...settings, ...away];
}

function findStoreFaults({ store }: Found): Fault[] {
  if (store.kind === 'away') return fault('store_away', 'broken', `the store cannot be had: ${store.reason}`);
  if (store.kind === 'bucket') return [];
  const gibibytes = (store.freeBytes / 1024 ** 3).toFixed(1);
  return fault('store_full', 'worn', `only ${gibibytes} GiB are free for clips`, store.freeBytes < SCARCE_BYTES);
}
