// Whether one more render is allowed, and what is left: counted for its member, its channel, its server and altogether.
// What is counted is of the last 24 hours. What the rules are is in rules.ts.
import { RESOLUTIONS } from '../limits.ts';
import type { Estimates } from './estimates.ts';
import type { Outcome, RenderRecord } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';
import type { EffectiveRules, Holder, Rule, Rules } from './rules.ts';

const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_WEIGHT = 1;

/** Renders that a member may call off within 24 hours and get back. Each has cost a download, a decoding and a few messages. */
export const MAX_REFUNDS_PER_DAY = 5;

type Counted = 'atOnce' | 'perDay' | 'gpuSecondsPerDay' | 'cooldownSeconds';

/** Whether there is more now, and what a member of that `weight` gets of it; or why not. */
export type Allowance =
  | { isAllowed: true; weight: number }
  | {
      isAllowed: false;
      limit: keyof Omit<Rule, 'weight'>;
      of: Holder;
      most: number | string;
      /** When that changes by itself, in milliseconds since the epoch; undefined where nobody can know, or never. */
      freeAt: number | undefined;
      /** For `atOnce`: how many have to end first. */
      tooMany: number;
    };

/** What a member may still have today. Undefined where there is no limit. */
export interface Left {
  atOnce: Share | undefined;
  perDay: Share | undefined;
  gpuSecondsPerDay: Share | undefined;
}
interface Share {
  left: number;
  most: number;
}

// For each holder a sorted set (id to when) and a hash: id to milliseconds of an engine, with an `o` before it while the
// render is open, both sums as `#ms` and `#open`, and the latest taking, which a cancel does not take back, as `#lastAt` and `#lastId`.
const FORGET_FUNCTION = `
local function close(spent, id)
  local entry = redis.call('HGET', spent, id)
  if not entry then return nil end
  local isOpen = string.sub(entry, 1, 1) == 'o'
  if isOpen then redis.call('HINCRBY', spent, '#open', -1) end
  return tonumber(isOpen and string.sub(entry, 2) or entry)
end
local function drop(taken, spent, id)
  local ms = close(spent, id)
  if ms then redis.call('HINCRBY', spent, '#ms', 0 - ms) end -- Not -ms: Lua writes that of 0 as -0, which is no integer to Redis.
  redis.call('HDEL', spent, id)
  redis.call('ZREM', taken, id)
end
local function forget(taken, spent, before)
  -- What is left over is counted a little longer: no step may take long.
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', taken, '-inf', before, 'LIMIT', 0, 1000)) do drop(taken, spent, id) end
end
local function sum(spent, name) return tonumber(redis.call('HGET', spent, name) or '0') end
`;

/**
 * Counts and takes in one step, so that two commands at once cannot both be the last. KEYS: two for each holder.
 * ARGV: id, now, the day's length, milliseconds of an engine; then for each holder atOnce, perDay, milliseconds, cooldown;
 * then 1 to take, 0 to ask only.
 * Answers nothing, or the first limit that is reached: the holder's number, the limit, when it is free, how many too many.
 */
const TAKE_SCRIPT = `${FORGET_FUNCTION}
local id, now, day, cost = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function refusalOf(holder, taken, spent)
  local atOnce, perDay, most, cooldown = unpack(ARGV, holder * 4 + 1, holder * 4 + 4)
  atOnce, perDay, most, cooldown = tonumber(atOnce), tonumber(perDay), tonumber(most), tonumber(cooldown)
  forget(taken, spent, now - day)
  local open = sum(spent, '#open')
  if atOnce > 0 and open >= atOnce then return { holder, 'atOnce', 0, open - atOnce + 1 } end
  local count = redis.call('ZCARD', taken)
  if perDay > 0 and count >= perDay then
    local first = redis.call('ZRANGE', taken, count - perDay, count - perDay, 'WITHSCORES')
    return { holder, 'perDay', tonumber(first[2]) + day, 0 }
  end
  local over = sum(spent, '#ms') + cost - most
  if most > 0 and over > 0 then
    local freeAt = 0
    for _, old in ipairs(cost > most and {} or redis.call('ZRANGE', taken, 0, -1)) do
      over = over - tonumber((string.gsub(redis.call('HGET', spent, old), 'o', '')))
      if over <= 0 then
        freeAt = tonumber(redis.call('ZSCORE', taken, old)) + day
        break
      end
    end
    return { holder, 'gpuSecondsPerDay', freeAt, 0 }
  end
  local last = tonumber(redis.call('ZRANGE', taken, -1, -1, 'WITHSCORES')[2] or '-inf')
  if redis.call('HGET', spent, '#lastId') ~= id then last = math.max(last, sum(spent, '#lastAt')) end
  if cooldown > 0 and last + cooldown > now then return { holder, 'cooldownSeconds', last + cooldown, 0 } end
  return nil
end
-- It may be counted with some of them already: to a web page, its member can be another one when the same command comes again.
local uncounted = {}
for holder = 1, #KEYS / 2 do
  local taken, spent = KEYS[holder * 2 - 1], KEYS[holder * 2]
  if redis.call('HEXISTS', spent, id) == 0 then
    local refusal = refusalOf(holder, taken, spent)
    if refusal then return refusal end
    table.insert(uncounted, { taken, spent })
  end
end
if ARGV[#ARGV] == '0' then return nil end
for _, keys in ipairs(uncounted) do
  local taken, spent = unpack(keys)
  redis.call('ZADD', taken, now, id)
  redis.call('HSET', spent, id, 'o' .. ARGV[4], '#lastAt', ARGV[2], '#lastId', id)
  redis.call('HINCRBY', spent, '#ms', ARGV[4])
  redis.call('HINCRBY', spent, '#open', 1)
  redis.call('PEXPIRE', taken, day)
  redis.call('PEXPIRE', spent, day)
end
return nil
`;

/**
 * A render has ended; again changes nothing. KEYS: two for each holder, the member's refunds. ARGV: id, milliseconds that an engine
 * took, now, the day's length, refunds in a day. In the place of milliseconds: nothing for what was reckoned; `free` for a render
 * that is not counted at all; `refund` for one that its member called off, which is not counted as long as they have refunds left.
 */
const SETTLE_SCRIPT = `${FORGET_FUNCTION}
local id, took, now, day = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local refunds = KEYS[#KEYS]
local isRefunded = false
if took == 'refund' then
  redis.call('ZREMRANGEBYSCORE', refunds, '-inf', now - day)
  isRefunded = redis.call('ZSCORE', refunds, id) or redis.call('ZCARD', refunds) < tonumber(ARGV[5])
  if isRefunded then redis.call('ZADD', refunds, 'NX', now, id) else took = '0' end
  redis.call('PEXPIRE', refunds, day)
end
for holder = 1, (#KEYS - 1) / 2 do
  local taken, spent = KEYS[holder * 2 - 1], KEYS[holder * 2]
  if isRefunded then
    drop(taken, spent, id)
  elseif took == 'free' then
    drop(taken, spent, id)
    if redis.call('HGET', spent, '#lastId') == id then redis.call('HDEL', spent, '#lastAt', '#lastId') end
  else
    local reckoned = close(spent, id)
    if reckoned then
      local ms = tonumber(took) or reckoned
      redis.call('HSET', spent, id, string.format('%.0f', ms))
      redis.call('HINCRBY', spent, '#ms', string.format('%.0f', ms - reckoned))
    end
  end
end
`;

/** KEYS: one holder's two. ARGV: what is from before that is forgotten. Answers open, taken and milliseconds. */
const USED_SCRIPT = `${FORGET_FUNCTION}
forget(KEYS[1], KEYS[2], ARGV[1])
return { sum(KEYS[2], '#open'), redis.call('ZCARD', KEYS[1]), sum(KEYS[2], '#ms') }
`;

export type Limits = ReturnType<typeof createLimits>;

type Whose = Pick<RenderRecord, 'platform' | 'member' | 'place'>;

export type Asked = Whose & {
  id: string;
  request: Pick<RenderRecord['request'], 'resolution' | 'quality' | 'seconds' | 'width' | 'height' | 'frames'>;
};

export interface LimitsOptions {
  redis: Redis;
  rules: Rules;
  estimates: Pick<Estimates, 'expectedSeconds'>;
  now?: () => number;
}

export function createLimits({ redis, rules, estimates, now = Date.now }: LimitsOptions) {
  const decide = async (asked: Asked, act: 'take' | 'ask'): Promise<Allowance> => {
    const [effective, gpuSeconds] = await Promise.all([rules.of(asked), estimates.expectedSeconds(asked.request)]);
    const holders = holdersOf(asked);
    const oversized = findOversized(effective, asked.request);
    if (oversized) return oversized;
    const answer = await redis.eval(
      TAKE_SCRIPT,
      holders.length * 2,
      ...holders.flatMap(({ keys }) => keys),
      asked.id,
      now(),
      DAY_MS,
      toMs(gpuSeconds),
      ...holders.flatMap(({ holder }) => {
        const { atOnce = 0, perDay = 0, gpuSecondsPerDay = 0, cooldownSeconds = 0 } = effective[holder];
        return [atOnce, perDay, toMs(gpuSecondsPerDay), toMs(cooldownSeconds)];
      }),
      act === 'take' ? 1 : 0,
    );
    if (answer === null) return { isAllowed: true, weight: effective.member.weight ?? DEFAULT_WEIGHT };
    const [number, limit, freeAt, tooMany] = answer as [number, Counted, number, number];
    const of = holders[number - 1]?.holder ?? 'member';
    return { isAllowed: false, limit, of, most: effective[of][limit] ?? 0, freeAt: freeAt || undefined, tooMany };
  };

  return {
    /** Counts a render that is about to be admitted. Taking the same one again changes nothing. */
    take: (record: Asked): Promise<Allowance> => decide(record, 'take'),

    /** Whether it would be taken now. Nothing is counted, and the next moment may decide otherwise. */
    ask: (record: Asked): Promise<Allowance> => decide(record, 'ask'),

    /** A render has ended. What failed, or was cancelled before it started, is not counted for the day. */
    async giveBack(record: Whose & Pick<RenderRecord, 'id'>, outcome: Outcome): Promise<void> {
      const holders = holdersOf(record);
      const keys = [...holders.flatMap((holder) => holder.keys), refundsKey(record)];
      const given = [record.id, tookOf(outcome), now(), DAY_MS, MAX_REFUNDS_PER_DAY];
      await redis.eval(SETTLE_SCRIPT, keys.length, ...keys, ...given);
    },

    /** When their commands of the last day were counted, and which were given back, in milliseconds since the epoch. */
    async countedOf(whose: Pick<Whose, 'platform' | 'member'>): Promise<{ taken: number[]; refunds: number[] }> {
      const [takenKey] = keysOf(`member:${memberKey(whose)}`);
      const [taken, refunds] = await Promise.all(
        [takenKey, refundsKey(whose)].map((key) => redis.zrangebyscore(key, now() - DAY_MS, '+inf', 'WITHSCORES')),
      );
      return { taken: timesIn(taken), refunds: timesIn(refunds) };
    },

    async left(whose: Whose): Promise<Left> {
      const [{ member: rule }, used] = await Promise.all([
        rules.of(whose),
        redis.eval(USED_SCRIPT, 2, ...keysOf(`member:${memberKey(whose)}`), now() - DAY_MS),
      ]);
      const [open, taken, ms] = used as [number, number, number];
      const share = (most = 0, gone: number): Share | undefined =>
        most === 0 ? undefined : { most, left: Math.max(0, most - gone) };
      return {
        atOnce: share(rule.atOnce, open),
        perDay: share(rule.perDay, taken),
        gpuSecondsPerDay: share(rule.gpuSecondsPerDay, ms / 1000),
      };
    },
  };
}

/** Members of different platforms are different members. */
export function memberKey({ platform, member }: Pick<RenderRecord, 'platform' | 'member'>): string {
  return `${platform}:${member.id}`;
}

function holdersOf(whose: Whose): { holder: Holder; keys: [string, string] }[] {
  const { channel, server } = whose.place ?? {};
  return [
    { holder: 'member' as const, name: `member:${memberKey(whose)}` },
    ...(channel ? [{ holder: 'channel' as const, name: `channel:${whose.platform}:${channel}` }] : []),
    ...(server ? [{ holder: 'server' as const, name: `server:${whose.platform}:${server}` }] : []),
    { holder: 'everyone' as const, name: 'everyone' },
  ].map(({ holder, name }) => ({ holder, keys: keysOf(name) }));
}

const refundsKey = (whose: Pick<Whose, 'platform' | 'member'>): string => `${KEY_PREFIX}:refunds:${memberKey(whose)}`;

/** The scores of what Redis answers with them. */
function timesIn(scored: string[] = []): number[] {
  return scored.filter((_, index) => index % 2 === 1).map(Number);
}

function keysOf(name: string): [string, string] {
  return [`${KEY_PREFIX}:taken:${name}`, `${KEY_PREFIX}:spent:${name}`];
}

function findOversized(effective: EffectiveRules, request: Asked['request']): Allowance | undefined {
  const never = { isAllowed: false, freeAt: undefined, tooMany: 0 } as const;
  for (const whose of ['member', 'channel', 'server', 'everyone'] as const) {
    const { resolution, seconds = 0 } = effective[whose];
    if (resolution && RESOLUTIONS.indexOf(request.resolution) > RESOLUTIONS.indexOf(resolution)) {
      return { ...never, limit: 'resolution', of: whose, most: resolution };
    }
    if (seconds > 0 && request.seconds > seconds) return { ...never, limit: 'seconds', of: whose, most: seconds };
  }
  return undefined;
}

function tookOf(outcome: Outcome): string {
  if (outcome.kind === 'failed') return 'free';
  if (outcome.kind === 'deleted') return '';
  if (outcome.kind === 'cancelled' && outcome.freed === 'not_started') return 'refund';
  return outcome.engineSeconds === undefined ? '' : String(toMs(outcome.engineSeconds));
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
