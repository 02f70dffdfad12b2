// Commands that were begun and are not in line yet: what a bot that dies in the middle leaves is found here. It is brought in line
// by the same event coming again; what nobody sends again is brought in line, or given up, by abandoned.ts.
import type { Member, Place } from '../render.ts';
import { renderKey } from './names.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Who it is counted for, from before its record is kept. */
export interface Beginning {
  id: string;
  platform: string;
  member: Member;
  place?: Place | undefined;
}

/** A sorted set of when each was begun last, in milliseconds since the epoch; 0 is one that is being given up. */
export const beginningsKey = (platform: string): string => `${KEY_PREFIX}:begun:${platform}`;

/** What it is called in that set. */
export function nameOfBeginning({ id, platform, member, place }: Beginning): string {
  return JSON.stringify({ id, platform, member, place } satisfies Beginning);
}

// KEYS: the beginnings; then the record. ARGV: the name of one, a time.
const BEGIN_SCRIPT = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == '0' then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
`;
const GIVE_UP_SCRIPT = `
if redis.call('HEXISTS', KEYS[2], 'record') == 1 then return 0 end
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 'inf') >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return 1
`;

export type Beginnings = ReturnType<typeof createBeginnings>;

export function createBeginnings(redis: Redis) {
  return {
    /** Before anything is counted or kept of it, each time that it comes. False while it is being given up. */
    async begin(beginning: Beginning, time: number): Promise<boolean> {
      const key = beginningsKey(beginning.platform);
      return (await redis.eval(BEGIN_SCRIPT, 1, key, nameOfBeginning(beginning), time)) === 1;
    },

    /** It is in line, or nothing is left of it. */
    async end(beginning: Beginning): Promise<void> {
      await redis.zrem(beginningsKey(beginning.platform), nameOfBeginning(beginning));
    },

    /** True for one bot of a platform within the time: it looks at those that nobody went on with. */
    async claim(platform: string, milliseconds: number): Promise<boolean> {
      const key = `${KEY_PREFIX}:abandoned:${platform}`;
      return (await redis.set(key, '1', 'PX', milliseconds, 'NX')) === 'OK';
    },

    /** Those that were begun before this time, the oldest first. */
    async listBefore(platform: string, time: number): Promise<Beginning[]> {
      const names = await redis.zrangebyscore(beginningsKey(platform), '-inf', `(${time}`);
      return names.map((name) => JSON.parse(name) as Beginning);
    },

    /** Those of one member. */
    async listOf(platform: string, memberId: string): Promise<Beginning[]> {
      const names = await redis.zrange(beginningsKey(platform), 0, '-1');
      return names.map((name) => JSON.parse(name) as Beginning).filter(({ member }) => member.id === memberId);
    },

    /**
     * From now until `end` it cannot be begun, and no record of it be made. False if it has a record, or was begun anew since
     * that time.
     */
    async giveUp(beginning: Beginning, time: number): Promise<boolean> {
      const keys = [beginningsKey(beginning.platform), renderKey(beginning.id)];
      return (await redis.eval(GIVE_UP_SCRIPT, 2, ...keys, nameOfBeginning(beginning), time)) === 1;
    },
  };
}
