// Who is before whom, and how much work that is. Every look-up is O(log n): a member's score is the engine seconds that were
// admitted before them, so the work ahead of them is their score less the score of whoever is first now.
import { KEY_PREFIX, type Redis } from './redis.ts';

const LINE_KEY = `${KEY_PREFIX}:line`;
const ADMITTED_KEY = `${KEY_PREFIX}:line:admitted-seconds`;

// One script, so that two bots admitting at once cannot take the same place.
const JOIN_SCRIPT = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local before = redis.call('GET', KEYS[2]) or '0'
redis.call('INCRBYFLOAT', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], before, ARGV[1])
return 1
`;

/** A place in the line: `position` counts from 1; `secondsAhead` is engine time, before it is shared out over the slots. */
export interface Place {
  position: number;
  secondsAhead: number;
}

export type Line = ReturnType<typeof createLine>;

export function createLine(redis: Redis) {
  return {
    /** Joins at the end. `seconds` is how long the render itself is expected to take. Joining twice keeps the first place. */
    async join(id: string, seconds: number): Promise<void> {
      await redis.eval(JOIN_SCRIPT, 2, LINE_KEY, ADMITTED_KEY, id, String(seconds));
    },

    /** Leaves for an engine or for good. Not being in the line is fine. */
    async leave(id: string): Promise<void> {
      await redis.zrem(LINE_KEY, id);
    },

    /** After a cancel further ahead, `secondsAhead` is too high until the line has moved past that place. */
    async place(id: string): Promise<Place | undefined> {
      const [rank, score, head] = await Promise.all([
        redis.zrank(LINE_KEY, id),
        redis.zscore(LINE_KEY, id),
        redis.zrange(LINE_KEY, '0', '0', 'WITHSCORES'),
      ]);
      if (rank === null || score === null) return undefined;
      return { position: Number(rank) + 1, secondsAhead: Math.max(0, Number(score) - Number(head[1] ?? score)) };
    },

    async length(): Promise<number> {
      return redis.zcard(LINE_KEY);
    },
  };
}
