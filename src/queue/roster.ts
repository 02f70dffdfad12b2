// Which workers are there now. A worker says so every few seconds; one that has not for a while is gone.
import type { Quality, Resolution } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const ROSTER_KEY = `${KEY_PREFIX}:workers`;
/** Names of workers, or of the hosts that they are on. */
const DRAINING_KEY = `${KEY_PREFIX}:draining`;
const ANNOUNCE_EVERY_MS = 3000;
const GONE_AFTER_MS = 15_000;
const FORGOTTEN_AFTER_MS = 24 * 3600 * 1000;

export interface WorkerEntry {
  id: string;
  host: string;
  /** Its WORKER_NAME, which tells it apart on that host. */
  name: string;
  engine: string;
  slots: number;
  /** How many of them have an engine that is loaded. */
  loaded: number;
  /** How many of its slots have the memory for each resolution. */
  holds: Record<Resolution, number>;
  /** What its engine makes. */
  quality: Quality;
  /** How its engines were launched, and why not plainly. */
  launched: string;
  /** An admin wants it to finish what it has and to take no more. */
  isDraining: boolean;
  /** Milliseconds since the epoch. */
  seenAt: number;
}

export type Roster = ReturnType<typeof createRoster>;

export function createRoster(redis: Redis, now: () => number = Date.now) {
  return {
    /** Announces a worker, as it is then, until the returned function is called, which takes it off the roster. */
    async announce(
      id: string,
      describe: () => Promise<Omit<WorkerEntry, 'id' | 'seenAt'>>,
    ): Promise<() => Promise<void>> {
      const say = async () => redis.hset(ROSTER_KEY, id, JSON.stringify({ id, ...(await describe()), seenAt: now() }));
      await say();
      await forgetLongGone(redis, now());
      // While Redis is away the commands wait in ioredis; a lost announcement is followed by the next one.
      const timer = setInterval(() => void say().catch(() => undefined), ANNOUNCE_EVERY_MS);
      return async () => {
        clearInterval(timer);
        await redis.hdel(ROSTER_KEY, id);
      };
    },

    async drain(name: string, isOn: boolean): Promise<void> {
      await (isOn ? redis.sadd(DRAINING_KEY, name) : redis.srem(DRAINING_KEY, name));
    },

    async isDraining(names: string[]): Promise<boolean> {
      return (await redis.smismember(DRAINING_KEY, ...names)).includes(1);
    },

    async list(): Promise<WorkerEntry[]> {
      const entries = Object.values(await redis.hgetall(ROSTER_KEY)).map((entry) => JSON.parse(entry) as WorkerEntry);
      return entries.filter(({ seenAt }) => now() - seenAt < GONE_AFTER_MS);
    },
  };
}

/** Workers that were killed cannot take themselves off. */
async function forgetLongGone(redis: Redis, now: number): Promise<void> {
  const entries = Object.entries(await redis.hgetall(ROSTER_KEY));
  const gone = entries.filter(([, entry]) => now - (JSON.parse(entry) as WorkerEntry).seenAt > FORGOTTEN_AFTER_MS);
  if (gone.length > 0) await redis.hdel(ROSTER_KEY, ...gone.map(([id]) => id));
}
