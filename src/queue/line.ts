// Who is before whom, and how much work that is. Joining, leaving and looking a place up are all O(log n): the seconds of
// those in the line are kept in a Fenwick tree (https://en.wikipedia.org/wiki/Fenwick_tree) over the numbers that they drew,
// so whoever leaves, from the front or from the middle, takes their seconds with them.
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Member to the number drawn; those before have a lower one. */
const LINE_KEY = `${KEY_PREFIX}:line`;
const LAST_NUMBER_KEY = `${KEY_PREFIX}:line:last-number`;
const MILLISECONDS_KEY = `${KEY_PREFIX}:line:milliseconds`;
const TREE_KEY = `${KEY_PREFIX}:line:tree`;
const KEYS = [LINE_KEY, LAST_NUMBER_KEY, MILLISECONDS_KEY, TREE_KEY] as const;

// The tree's nodes up to a number that no line reaches, so that it never has to grow. Whole milliseconds, so that nodes that
// nobody in the line counts in are exactly 0, and go.
const ADD_FUNCTION = `
local function add(number, milliseconds)
  local step = 1
  while number < 2147483648 do
    if number % (step * 2) ~= 0 then
      if redis.call('HINCRBY', KEYS[4], number, milliseconds) == 0 then redis.call('HDEL', KEYS[4], number) end
      number = number + step
    end
    step = step * 2
  end
end
`;

// Scripts, so that two bots admitting at once cannot take the same place. ARGV: member, milliseconds.
const JOIN_SCRIPT = `${ADD_FUNCTION}
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return end
local number = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[1], number, ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
add(number, tonumber(ARGV[2]))
`;

// ARGV: member. Numbers begin anew with the next one who joins an empty line.
const LEAVE_SCRIPT = `${ADD_FUNCTION}
local number = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not number then return end
add(tonumber(number), -tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '0'))
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', unpack(KEYS)) end
`;

// ARGV: member. Answers how many are before it and the milliseconds that they take, or nothing.
const PLACE_SCRIPT = `
local before = redis.call('ZRANK', KEYS[1], ARGV[1])
if not before then return nil end
local number = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) - 1
local milliseconds = 0
local step = 1
while number > 0 do
  if number % (step * 2) ~= 0 then
    milliseconds = milliseconds + tonumber(redis.call('HGET', KEYS[4], number) or '0')
    number = number - step
  end
  step = step * 2
end
return { before, milliseconds }
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
      await redis.eval(JOIN_SCRIPT, KEYS.length, ...KEYS, id, String(Math.round(seconds * 1000)));
    },

    /** Leaves for an engine or for good. Not being in the line is fine. */
    async leave(id: string): Promise<void> {
      await redis.eval(LEAVE_SCRIPT, KEYS.length, ...KEYS, id);
    },

    async place(id: string): Promise<Place | undefined> {
      const place = (await redis.eval(PLACE_SCRIPT, KEYS.length, ...KEYS, id)) as [number, number] | null;
      return place ? { position: place[0] + 1, secondsAhead: place[1] / 1000 } : undefined;
    },
  };
}
