// How this process talks to Redis: one set of options, and the key names that everything of ours lives under.
import { Redis } from 'ioredis';
import type { Logger } from '../log.ts';

export type { Redis };

/** The hash tag keeps all keys on one node of a Redis Cluster, which BullMQ's scripts and ours need. */
export const KEY_PREFIX = '{animate}';

/**
 * Connects to `redis://…`, `rediss://…` or the path of a unix socket. Commands wait while Redis is away:
 * a restart of Redis must not fail renders that are running.
 */
export function connectRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    // BullMQ's blocking connections need null; see https://docs.bullmq.io/guide/connections
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2000),
  });
  redis.on('error', onError);
  return redis;
}

/** An outage is one line when it begins and one when it is over, not one for each attempt to reconnect. */
export function logOutages(redis: Redis, log: Pick<Logger, 'info' | 'warn'>): void {
  let isOut = false;
  redis.on('error', (error) => {
    if (isOut) return;
    isOut = true;
    log.warn({ err: error }, 'Redis cannot be reached; waiting for it');
  });
  redis.on('ready', () => {
    if (isOut) log.info('Redis is back');
    isOut = false;
  });
}

/** The connection is lost, and being made anew: what is asked now would wait for that. */
export function isAway({ status }: Redis): boolean {
  return status === 'close' || status === 'reconnecting' || status === 'end';
}
