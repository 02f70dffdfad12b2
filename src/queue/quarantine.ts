// Renders that broke every engine that tried them. Nothing tries them again but an admin's `retry`.
import { KEY_PREFIX, type Redis } from './redis.ts';

const QUARANTINE_KEY = `${KEY_PREFIX}:quarantine`;
/** As long as what is known of a render is kept. */
const KEPT_MS = 7 * 24 * 3600 * 1000;
const LATELY_MS = 24 * 3600 * 1000;
const MOST_KEPT = 500;

export type Quarantine = ReturnType<typeof createQuarantine>;

export function createQuarantine(redis: Redis, now: () => number = Date.now) {
  return {
    async add(renderId: string): Promise<void> {
      await redis
        .multi()
        .zadd(QUARANTINE_KEY, now(), renderId)
        .zremrangebyscore(QUARANTINE_KEY, '-inf', now() - KEPT_MS)
        .zremrangebyrank(QUARANTINE_KEY, 0, -1 - MOST_KEPT)
        .exec();
    },

    async release(renderId: string): Promise<void> {
      await redis.zrem(QUARANTINE_KEY, renderId);
    },

    /** The latest first. */
    async list(most: number): Promise<string[]> {
      return redis.zrange(QUARANTINE_KEY, '+inf', String(now() - KEPT_MS), 'BYSCORE', 'REV', 'LIMIT', 0, most);
    },

    /** Of the last day. */
    async countLately(): Promise<number> {
      return redis.zcount(QUARANTINE_KEY, now() - LATELY_MS, '+inf');
    },
  };
}
