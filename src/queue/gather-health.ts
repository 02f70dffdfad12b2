// Gathers the health from Redis, for whoever is asked: the chat, the page, the terminal, the alerts all tell the same.
import type { Store } from '../media/store.ts';
import { within } from '../within.ts';
import type { BotRoster } from './bot-roster.ts';
import type { Deliveries } from './deliveries.ts';
import type { DurationLog } from './durations.ts';
import { findFaults, redisIsAway } from './faults.ts';
import type { Health } from './health.ts';
import { type Quarantine, showQuarantined } from './quarantine.ts';
import type { RenderQueue } from './queue.ts';
import { isAway, type Redis } from './redis.ts';
import { readRedisHealth } from './redis-health.ts';
import type { Roster } from './roster.ts';

const ANSWER_WITHIN_MS = 5000;
const STORE_ANSWER_WITHIN_MS = 10_000;

export interface HealthSources {
  redis: Redis;
  queue: Pick<RenderQueue, 'counts' | 'find'>;
  roster: Roster;
  bots: BotRoster;
  deliveries: Deliveries;
  durations: DurationLog;
  quarantine: Quarantine;
  store: Pick<Store, 'examine'>;
  version: string;
  now?: () => number;
}

/** Resolves to what there is to say also when Redis does not answer. */
export async function gatherHealth(sources: HealthSources): Promise<Health> {
  const { now = Date.now, version } = sources;
  const at = now();
  const [fromRedis, store] = await Promise.all([
    isAway(sources.redis) ? undefined : within(ANSWER_WITHIN_MS, gatherFromRedis(sources)).catch(() => undefined),
    examineStore(sources.store),
  ]);
  const nothing = {
    ...{ redis: undefined, lanes: [], workers: [], missingWorkers: [], durations: [], bots: [], missingBots: [] },
    ...{ quarantined: 0, quarantine: [] },
  };
  const found = { at, version, store, ...(fromRedis ?? nothing) };
  const faults = fromRedis ? findFaults(found) : [redisIsAway];
  const isBroken = faults.some(({ severity }) => severity === 'broken');
  return { ...found, faults, verdict: isBroken ? 'broken' : faults.length > 0 ? 'worn' : 'well' };
}

async function gatherFromRedis(sources: HealthSources) {
  const { redis, queue, roster, bots, deliveries, durations, quarantine } = sources;
  const [redisHealth, lanes, workers, missingWorkers, known, botsHere, missingBots] = await Promise.all([
    readRedisHealth(redis),
    queue.counts(),
    roster.list(),
    roster.listMissing(({ host, name }) => `${host}/${name}`),
    durations.list(),
    bots.list(),
    bots.listMissing(({ host, platform }) => `${host}/${platform}`),
  ]);
  const withDeliveries = botsHere.map(async (bot) => ({ ...bot, undelivered: await deliveries.waiting(bot.platform) }));
  return {
    redis: redisHealth,
    lanes,
    workers: workers.sort((one, other) => `${one.host}/${one.name}`.localeCompare(`${other.host}/${other.name}`, 'en')),
    missingWorkers,
    durations: known,
    bots: await Promise.all(withDeliveries),
    missingBots,
    quarantined: await quarantine.countLately(),
    quarantine: await showQuarantined(quarantine, queue.find),
  };
}

async function examineStore(store: Pick<Store, 'examine'>): Promise<Health['store']> {
  try {
    return await within(STORE_ANSWER_WITHIN_MS, store.examine());
  } catch (error) {
    return { kind: 'away', reason: error instanceof Error ? error.message : String(error) };
  }
}
