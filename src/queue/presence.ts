// Who is there now. A process says so every few seconds; one that has not for a while is gone.
import type { Redis } from './redis.ts';

const ANNOUNCE_EVERY_MS = 3000;
const GONE_AFTER_MS = 15_000;
const MISSED_FOR_MS = 3600 * 1000;
const FORGOTTEN_AFTER_MS = 24 * 3600 * 1000;

/** What is kept of each, beside what it tells of itself. */
export interface Seen {
  id: string;
  /** Milliseconds since the epoch. */
  seenAt: number;
}

export function createPresence<Told extends object>(redis: Redis, key: string, now: () => number = Date.now) {
  type Entry = Told & Seen;

  const listAll = async (): Promise<Entry[]> =>
    Object.values(await redis.hgetall(key)).map((entry) => JSON.parse(entry) as Entry);

  /** Those that were killed cannot take themselves off. */
  const forgetLongGone = async (): Promise<void> => {
    const gone = (await listAll()).filter(({ seenAt }) => now() - seenAt > FORGOTTEN_AFTER_MS);
    if (gone.length > 0) await redis.hdel(key, ...gone.map(({ id }) => id));
  };

  return {
    /** Announces one, as it is then, until the returned function is called, which takes it off. */
    async announce(id: string, describe: () => Promise<Told>): Promise<() => Promise<void>> {
      let hasLeft = false;
      const say = async (): Promise<void> => {
        const told = await describe();
        // Taken off meanwhile: said now, it would be there again, and then missing.
        if (!hasLeft) await redis.hset(key, id, JSON.stringify({ id, ...told, seenAt: now() }));
      };
      await say();
      await forgetLongGone();
      // While Redis is away the commands wait in ioredis; a lost announcement is followed by the next one.
      const timer = setInterval(() => void say().catch(() => undefined), ANNOUNCE_EVERY_MS);
      return async () => {
        hasLeft = true;
        clearInterval(timer);
        await redis.hdel(key, id);
      };
    },

    async list(): Promise<Entry[]> {
      return (await listAll()).filter(({ seenAt }) => now() - seenAt < GONE_AFTER_MS);
    },

    /** Those that went within the last hour without a word, unless one of the same name has come in their place. */
    async listMissing(nameOf: (entry: Entry) => string): Promise<Entry[]> {
      const entries = await listAll();
      const here = new Set(entries.filter(({ seenAt }) => now() - seenAt < GONE_AFTER_MS).map(nameOf));
      const missing = entries.filter(
        (entry) =>
          now() - entry.seenAt >= GONE_AFTER_MS && now() - entry.seenAt < MISSED_FOR_MS && !here.has(nameOf(entry)),
      );
      return [...new Map(missing.map((entry) => [nameOf(entry), entry])).values()];
    },
  };
}
