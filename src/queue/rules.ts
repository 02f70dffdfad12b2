// What admins allow: for members, for roles, for channels, for servers and for everybody together, with who changed what.
// A rule that is broken, or a Redis that does not answer, throws: then nothing is taken, rather than everything.
import { z } from 'zod';
import { LONGEST_SECONDS, RESOLUTIONS } from '../limits.ts';
import { type Member, resolutionSchema } from '../render.ts';
import type { RenderRecord } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const RULES_KEY = `${KEY_PREFIX}:rules`;
const HISTORY_KEY = `${RULES_KEY}:history`;
const CHANGES_KEPT = 1000;

const amount = z.number().min(0);

/** 0 is no limit. What is not there is left to the next wider rule: a role's to that for all members, and so on. */
const ruleSchema = z.strictObject({
  /** Renders under way, waiting ones included. */
  atOnce: amount.optional(),
  /** Renders within 24 hours. */
  perDay: amount.optional(),
  /** Seconds of an engine within 24 hours. */
  gpuSecondsPerDay: amount.optional(),
  /** Seconds between one command and the next. */
  cooldownSeconds: amount.optional(),
  /** The longest clip. */
  seconds: amount.max(LONGEST_SECONDS).optional(),
  /** The largest clip. */
  resolution: resolutionSchema.optional(),
  /** Of members and roles: twice the weight is twice the share while people wait. */
  weight: z.number().min(0.1).max(100).optional(),
});

export type Rule = z.infer<typeof ruleSchema>;

/** Whom a rule is for: all of a kind, or the one with that id. */
export interface Scope {
  kind: 'member' | 'role' | 'channel' | 'server' | 'everyone';
  /** Without, the rule is for each member, channel or server. */
  id?: string | undefined;
}

export interface RuleChange {
  /** Milliseconds since the epoch. */
  at: number;
  by: Member;
  of: string;
  before: Rule;
  after: Rule;
}

/** What holds for one render: for its member alone, and for all renders of its channel, its server, and altogether. */
export type EffectiveRules = Record<Holder, Rule>;
export type Holder = 'member' | 'channel' | 'server' | 'everyone';

/**
 * Read, merged and written in one step, so that two admins at once both count. KEYS: rules, history.
 * ARGV: the scope, the change, whether what was there goes first, when, who, how many changes are kept.
 */
const CHANGE_SCRIPT = `
local before = redis.call('HGET', KEYS[1], ARGV[1]) or '{}'
local rule = ARGV[3] == '1' and {} or cjson.decode(before)
local isChanged = ARGV[3] == '1'
for name, value in pairs(cjson.decode(ARGV[2])) do
  rule[name] = value
  isChanged = true
end
if not isChanged then return before end
local after = next(rule) and cjson.encode(rule) or '{}'
if after == '{}' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], after) end
local change = '{"at":' .. ARGV[4] .. ',"by":' .. ARGV[5] .. ',"of":' .. cjson.encode(ARGV[1])
redis.call('LPUSH', KEYS[2], change .. ',"before":' .. before .. ',"after":' .. after .. '}')
redis.call('LTRIM', KEYS[2], 0, ARGV[6] - 1)
return after
`;

export type Rules = ReturnType<typeof createRules>;

export function createRules(redis: Redis, now: () => number = Date.now) {
  return {
    /** Resolves to the scope's own rule as it is then; an empty change only reads it. `isReset` takes away what was there. */
    async change(platform: string, scope: Scope, changes: Rule, by: Member, isReset = false): Promise<Rule> {
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const args = [JSON.stringify(ruleSchema.parse(given)), isReset ? 1 : 0, now(), JSON.stringify(by), CHANGES_KEPT];
      const after = await redis.eval(CHANGE_SCRIPT, 2, RULES_KEY, HISTORY_KEY, fieldOf(platform, scope), ...args);
      return toRule(after as string);
    },

    /** The latest changes, the newest first. */
    async history(count: number): Promise<RuleChange[]> {
      return (await redis.lrange(HISTORY_KEY, 0, count - 1)).map((change) => JSON.parse(change) as RuleChange);
    },

    /** What is set for this member alone, and the changes of it, the newest first. */
    async ownOf(platform: string, memberId: string): Promise<{ rule: Rule; changes: RuleChange[] }> {
      const field = fieldOf(platform, { kind: 'member', id: memberId });
      const [stored, changes] = await Promise.all([redis.hget(RULES_KEY, field), this.history(CHANGES_KEPT)]);
      return { rule: toRule(stored), changes: changes.filter(({ of }) => of === field) };
    },

    async of({
      platform,
      member,
      place,
    }: Pick<RenderRecord, 'platform' | 'member' | 'place'>): Promise<EffectiveRules> {
      const roles = place?.roles ?? [];
      const scopes: Scope[] = [
        { kind: 'everyone' },
        { kind: 'server' },
        { kind: 'server', id: place?.server },
        { kind: 'channel' },
        { kind: 'channel', id: place?.channel },
        { kind: 'member' },
        { kind: 'member', id: member.id },
        ...roles.map((id) => ({ kind: 'role' as const, id })),
      ];
      const stored = await redis.hmget(RULES_KEY, ...scopes.map((scope) => fieldOf(platform, scope)));
      const [everyone, servers, server, channels, channel, members, own, ...ofRoles] = stored.map(toRule);
      return {
        everyone: { ...everyone },
        server: { ...servers, ...server },
        channel: { ...channels, ...channel },
        member: { ...members, ...mostGenerous(ofRoles), ...own },
      };
    },
  };
}

function fieldOf(platform: string, { kind, id }: Scope): string {
  return id === undefined ? kind : `${kind}:${platform}:${id}`;
}

function toRule(stored: string | null): Rule {
  return stored === null ? {} : ruleSchema.parse(JSON.parse(stored));
}

/** Of several roles each limit is the widest that one of them has. */
function mostGenerous(rules: Rule[]): Rule {
  const widest: Rule = {};
  for (const name of ['atOnce', 'perDay', 'gpuSecondsPerDay', 'seconds'] as const) {
    const values = rules.map((rule) => rule[name]).filter((value) => value !== undefined);
    if (values.length > 0) widest[name] = values.includes(0) ? 0 : Math.max(...values);
  }
  const cooldowns = rules.map((rule) => rule.cooldownSeconds).filter((value) => value !== undefined);
  if (cooldowns.length > 0) widest.cooldownSeconds = Math.min(...cooldowns);
  const weights = rules.map((rule) => rule.weight).filter((value) => value !== undefined);
  if (weights.length > 0) widest.weight = Math.max(...weights);
  const largest = RESOLUTIONS.findLast((resolution) => rules.some((rule) => rule.resolution === resolution));
  if (largest !== undefined) widest.resolution = largest;
  return widest;
}
