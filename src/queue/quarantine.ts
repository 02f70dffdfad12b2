// Renders that broke every engine that tried them. Nothing tries them again but an admin's `retry`.
import type { RenderEntry } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const QUARANTINE_KEY = `${KEY_PREFIX}:quarantine`;
const LATELY_MS = 24 * 3600 * 1000;
const MOST_KEPT = 500;
const MOST_SHOWN = 10;

export interface QuarantinedRender {
  id: string;
  /** Whose, and when they asked for it; undefined where nothing is known of it any more. */
  askedBy: string | undefined;
  askedAt: number | undefined;
  why: string;
}

export type Quarantine = ReturnType<typeof createQuarantine>;

/** `keepMs` is how long a render is known. */
export function createQuarantine(redis: Redis, keepMs: number, now: () => number = Date.now) {
  return {
    async add(renderId: string): Promise<void> {
      await redis
        .multi()
        .zadd(QUARANTINE_KEY, now(), renderId)
        .zremrangebyscore(QUARANTINE_KEY, '-inf', now() - keepMs)
        .zremrangebyrank(QUARANTINE_KEY, 0, -1 - MOST_KEPT)
        .exec();
    },

    async release(renderId: string): Promise<void> {
      await redis.zrem(QUARANTINE_KEY, renderId);
    },

    /** The latest first. */
    async list(most: number): Promise<string[]> {
      return redis.zrange(QUARANTINE_KEY, '+inf', String(now() - keepMs), 'BYSCORE', 'REV', 'LIMIT', 0, most);
    },

    /** Of the last day. */
    async countLately(): Promise<number> {
      return redis.zcount(QUARANTINE_KEY, now() - LATELY_MS, '+inf');
    },
  };
}

/** The latest, with what is known of each, for whoever shows them. */
export async function showQuarantined(
  quarantine: Pick<Quarantine, 'list'>,
  find: (id: string) => Promise<RenderEntry | undefined>,
): Promise<QuarantinedRender[]> {
  const ids = await quarantine.list(MOST_SHOWN);
  return Promise.all(
    ids.map(async (id) => {
      const { record, outcome } = (await find(id)) ?? {};
      const why = outcome?.kind === 'failed' ? outcome.message : (outcome?.kind ?? 'nothing is known of it any more');
      return { id, askedBy: record?.member.name, askedAt: record?.createdAt, why };
    }),
  );
}
