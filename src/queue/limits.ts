// How much one member may have: renders at once, and within a day. For the whole installation; admins change it from chat.

import type { Outcome, RenderRecord } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** 0 is no limit. */
export interface MemberLimits {
  atOnce: number;
  perDay: number;
}

/** Why a member gets no more now. `freeAt` is when that changes by itself, in milliseconds since the epoch. */
export type Allowance =
  | { isAllowed: true }
  | { isAllowed: false; limit: 'atOnce' | 'perDay'; most: number; freeAt: number };

const LIMITS_KEY = `${KEY_PREFIX}:limits`;
const DAY_MS = 24 * 3600 * 1000;

/**
 * Counts and takes in one step, so that two commands at once cannot both be the last.
 * KEYS: the member's renders under way, and of the last day. ARGV: the render's id, now, the day's length, both limits.
 */
const TAKE = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2] - ARGV[3])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'ok', 0} end
if tonumber(ARGV[4]) > 0 and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return {'atOnce', 0} end
if tonumber(ARGV[5]) > 0 and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then
  return {'perDay', redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]}
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[3])
end
return {'ok', 0}
`;

export type Limits = ReturnType<typeof createLimits>;

type Whose = Pick<RenderRecord, 'id' | 'platform' | 'member'>;

export function createLimits(redis: Redis, now: () => number = Date.now) {
  const keysOf = ({ platform, member }: Omit<Whose, 'id'>): [string, string] => {
    const key = `${KEY_PREFIX}:member:${platform}:${member.id}`;
    return [`${key}:open`, `${key}:day`];
  };

  const read = async (): Promise<MemberLimits> => {
    const { atOnce = 0, perDay = 0 } = await redis.hgetall(LIMITS_KEY);
    return { atOnce: Number(atOnce), perDay: Number(perDay) };
  };

  return {
    read,

    async change(changes: { [Limit in keyof MemberLimits]?: MemberLimits[Limit] | undefined }): Promise<MemberLimits> {
      const given = Object.entries(changes).filter(([, value]) => value !== undefined);
      if (given.length > 0) await redis.hset(LIMITS_KEY, Object.fromEntries(given));
      return read();
    },

    /** Counts a render that is about to be admitted. Taking the same one again changes nothing. */
    async take(whose: Whose): Promise<Allowance> {
      const { atOnce, perDay } = await read();
      const answer = await redis.eval(TAKE, 2, ...keysOf(whose), whose.id, now(), DAY_MS, atOnce, perDay);
      const [verdict, oldest] = answer as ['ok' | 'atOnce' | 'perDay', string];
      if (verdict === 'ok') return { isAllowed: true };
      const most = { atOnce, perDay }[verdict];
      return { isAllowed: false, limit: verdict, most, freeAt: verdict === 'perDay' ? Number(oldest) + DAY_MS : now() };
    },

    /** A render has ended. What failed, or was cancelled before it started, does not count for the day. */
    async giveBack(whose: Whose, outcome: Outcome): Promise<void> {
      const [open, day] = keysOf(whose);
      await redis.zrem(open, whose.id);
      const isFree = outcome.kind === 'failed' || (outcome.kind === 'cancelled' && outcome.freed === 'not_started');
      if (isFree) await redis.zrem(day, whose.id);
    },
  };
}
