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

// A sorted set of events. The score is when it was; below zero it has been dealt with: it counts no more, and is not counted anew.
// KEYS: the set. ARGV: now, how long it is kept, the event.
const ADD_SCRIPT = `
local now, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], keep - now, now - keep)
redis.call('ZADD', KEYS[1], 'NX', now, ARGV[3])
redis.call('PEXPIRE', KEYS[1], keep)
`;
const CLEAR_SCRIPT = `
local counted = redis.call('ZRANGEBYSCORE', KEYS[1], '(0', '+inf', 'WITHSCORES')
for index = 1, #counted, 2 do redis.call('ZADD', KEYS[1], '-' .. counted[index + 1], counted[index]) end
return #counted
`;

function createTally(redis: Redis, name: string, keepMs: number, now: () => number) {
  const keyOf = ({ platform, member }: Whose) => `${KEY_PREFIX}:member:${platform}:${member.id}:${name}`;
  return {
    /** Resolves to how many there are now. */
    async add(whose: Whose, event: string): Promise<number> {
      await redis.eval(ADD_SCRIPT, 1, keyOf(whose), now(), keepMs, event);
      return (await this.list(whose)).length;
    },

    /** When they were, the oldest first, in milliseconds since the epoch. */
    async list(whose: Whose): Promise<number[]> {
      const scored = await redis.zrangebyscore(keyOf(whose), `(${now() - keepMs}`, '+inf', 'WITHSCORES');
      return scored.filter((_, index) => index % 2 === 1).map(Number);
    },

    /** None of them counts any more, nor does one of them that comes again. False if there were none. */
    async clear(whose: Whose): Promise<boolean> {
      return (await redis.eval(CLEAR_SCRIPT, 1, keyOf(whose))) !== 0;
    },
  };
}
