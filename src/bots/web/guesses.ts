// How often the token may be guessed: from one address, from all, and by a browser that was let in before. Counted in Redis over all bots, and forgotten after a while.
import { isIPv6 } from 'node:net';
import type { Redis } from 'ioredis';

const WINDOW_MS = 10 * 60 * 1000;
const MAX_WRONG_FROM_ONE = 10;
/** So there are never more addresses to remember, either. */
const MAX_WRONG = 100;

/** Looking and counting are one step, so that guesses side by side are counted one by one. */
const WEIGH = `
for i = 1, #KEYS do
  if tonumber(redis.call('get', KEYS[i]) or '0') >= tonumber(ARGV[i]) then return redis.call('pttl', KEYS[i]) end
end
if ARGV[3] == 'wrong' then
  for i = 1, #KEYS do
    if redis.call('incr', KEYS[i]) == 1 then redis.call('pexpire', KEYS[i], ARGV[4]) end
  end
end
return 0
`;

export type Guesses = ReturnType<typeof createGuesses>;

export function createGuesses(redis: Redis, prefix: string) {
  return {
    /** Resolves to how long nothing from there is looked at, in milliseconds; 0 if it is. */
    async weigh(address: string, known: string | undefined, isRight: boolean): Promise<number> {
      const ofStrangers = [`${prefix}wrong:${networkOf(address)}`, `${prefix}wrong`];
      // A browser that was in before is counted by itself: nobody who guesses keeps it out.
      const keys = known === undefined ? ofStrangers : [`${prefix}wrong:known:${known}`];
      const limits = [MAX_WRONG_FROM_ONE, MAX_WRONG];
      return Number(await redis.eval(WEIGH, keys.length, ...keys, ...limits, isRight ? 'right' : 'wrong', WINDOW_MS));
    },
  };
}

/** Of IPv6 the half that a provider gives to one customer. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [start = '', end] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = (text: string | undefined): string[] => text?.split(':').filter(Boolean) ?? [];
  const [before, after] = [groups(start), groups(end)];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
