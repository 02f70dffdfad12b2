// How often something happened lately to what a member asked for. Counted by event, so that one that comes twice is one.
import type { Member } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

export type Strikes = ReturnType<typeof createStrikes>;
export type RefusedPictures = ReturnType<typeof createRefusedPictures>;

interface Whose {
  platform: string;
  member: Pick<Member, 'id'>;
}

/** What was refused because it may not be asked for. */
export function createStrikes(redis: Redis, keepMs: number, now: () => number = Date.now) {
  return createTally(redis, 'strikes', keepMs, now);
}

/** Pictures that could not be used, each found out by decoding it. */
export function createRefusedPictures(redis: Redis, keepMs: number, now: () => number = Date.now) {
  return createTally(redis, 'refused-pictures', keepMs, now);
}

function createTally(redis: Redis, name: string, keepMs: number, now: () => number) {
  const keyOf = ({ platform, member }: Whose) => `${KEY_PREFIX}:member:${platform}:${member.id}:${name}`;
  return {
    /** Resolves to how many there are now. */
    async add(whose: Whose, event: string): Promise<number> {
      const key = keyOf(whose);
      await redis.multi().zadd(key, 'NX', now(), event).pexpire(key, keepMs).exec();
      return (await this.list(whose)).length;
    },

    /** When they were, the oldest first, in milliseconds since the epoch. */
    async list(whose: Whose): Promise<number[]> {
      const scored = await redis.zrangebyscore(keyOf(whose), `(${now() - keepMs}`, '+inf', 'WITHSCORES');
      return scored.filter((_, index) => index % 2 === 1).map(Number);
    },

    async clear(whose: Whose): Promise<boolean> {
      return (await redis.del(keyOf(whose))) === 1;
    },
  };
}
