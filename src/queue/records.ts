// What Redis knows of each render beyond the BullMQ job: who asked for what, where its message is, and how it ended.
// The first outcome wins, so a cancel and a finished render can never both be told.
import { OperationError } from '../errors.ts';
import type { Member, MessageRef, Place, RenderRequest, RenderResult } from '../render.ts';
import { beginningsKey, nameOfBeginning } from './beginnings.ts';
import { cancelKey, renderKey } from './names.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const DEFAULT_KEEP_MS = 7 * 24 * 3600 * 1000;
const INDEX_KEY = `${KEY_PREFIX}:renders`;

export interface RenderRecord {
  id: string;
  platform: string;
  member: Member;
  /** What the member's chat client speaks, such as `de`; undefined is English. */
  language?: string | undefined;
  /** Whose limits count beside the member's. */
  place?: Place | undefined;
  /** Its member's, when it was taken in: what part of the engines' time they get while people wait. Without, 1. */
  weight?: number | undefined;
  request: RenderRequest;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Whose picture it was made from, where that is another member's: it goes when they delete all of theirs. */
  pictureOf?: string | undefined;
  /** Where its trace begins, for those who go on with it. */
  trace?: string | undefined;
}

/** What became of the GPU when a render was cancelled. */
export type Freed = 'not_started' | 'released' | 'recycling';

/** How a render ended. `seconds` are from the command to the end; `engineSeconds` is what an engine was kept for it. */
export type Outcome =
  | { kind: 'done'; clip: string; result: RenderResult; seconds: number; engineSeconds: number }
  | { kind: 'failed'; code: string; message: string; seconds: number }
  | { kind: 'cancelled'; freed: Freed; seconds: number; engineSeconds?: number }
  | { kind: 'deleted' };

export interface RenderEntry {
  record: RenderRecord;
  ref: MessageRef | undefined;
  outcome: Outcome | undefined;
  isDelivered: boolean;
}

// KEYS: the record, all renders, its member's, the beginnings of its platform. ARGV: id, the record, when, from when on its member's
// are listed and how long, its beginning.
const CREATE_SCRIPT = `
if redis.call('HEXISTS', KEYS[1], 'record') == 1 then return 'known' end
if tonumber(redis.call('ZSCORE', KEYS[4], ARGV[6]) or '0') == 0 then return 'given up' end
redis.call('HSET', KEYS[1], 'record', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return 'created'
`;

// KEYS: the record, the open renders of its platform. ARGV: id, then what is written. What retention has deleted meanwhile is not
// begun anew: each answers 1 where it did something.
const KNOWN = `
if redis.call('HEXISTS', KEYS[1], 'record') == 0 then return 0 end
local outcome = redis.call('HGET', KEYS[1], 'outcome')
local kind = outcome and cjson.decode(outcome).kind
`;
const OPEN_SCRIPT = `${KNOWN}
redis.call('HSET', KEYS[1], 'ref', ARGV[2])
if redis.call('HEXISTS', KEYS[1], 'delivered') == 0 then redis.call('SADD', KEYS[2], ARGV[1]) end
return outcome and 0 or 1
`;
const SETTLE_SCRIPT = `${KNOWN}
return redis.call('HSETNX', KEYS[1], 'outcome', ARGV[2])
`;
/** ARGV[3]: what is left of its record where it was told as deleted, else empty. */
const MARK_DELIVERED_SCRIPT = `${KNOWN}
if kind == 'deleted' and ARGV[3] == '' then return 0 end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'record', ARGV[3]) end
redis.call('HSET', KEYS[1], 'delivered', ARGV[2])
redis.call('SREM', KEYS[2], ARGV[1])
return 1
`;
/** ARGV[3]: its record without words. */
const MARK_DELETED_SCRIPT = `${KNOWN}
redis.call('HSET', KEYS[1], 'outcome', ARGV[2], 'record', ARGV[3])
redis.call('HDEL', KEYS[1], 'delivered')
redis.call('SADD', KEYS[2], ARGV[1])
return 1
`;
const WITHDRAW_SCRIPT = `${KNOWN}
if kind ~= 'done' then return 0 end
redis.call('HSET', KEYS[1], 'outcome', ARGV[2])
return 1
`;
const NOTE_MARKED_SCRIPT = `${KNOWN}
return redis.call('HSET', KEYS[1], 'marked', 'yes')
`;
const REOPEN_SCRIPT = `${KNOWN}
if kind ~= 'failed' then return 0 end
redis.call('HDEL', KEYS[1], 'outcome', 'delivered')
redis.call('SADD', KEYS[2], ARGV[1])
return 1
`;

export type Records = ReturnType<typeof createRecords>;

/** Buttons and redelivered events work for `keepMs` after the command; retention.ts deletes what is older. */
export function createRecords(redis: Redis, keepMs = DEFAULT_KEEP_MS) {
  const openKey = (platform: string) => `${KEY_PREFIX}:open:${platform}`;
  const memberKey = (platform: string, memberId: string) => `${KEY_PREFIX}:member:${platform}:${memberId}:renders`;

  /** Renders of others that were made from a picture of this member's. */
  const copiesKey = (platform: string, memberId: string) => `${KEY_PREFIX}:member:${platform}:${memberId}:copies`;

  /** They stay in no list of anybody's. */
  const unlist = async ({ id, platform, member, pictureOf }: RenderRecord): Promise<void> => {
    await redis.zrem(memberKey(platform, member.id), id);
    if (pictureOf !== undefined) await redis.zrem(copiesKey(platform, pictureOf), id);
  };

  const run = async (script: string, id: string, platform: string, ...given: (string | number)[]): Promise<boolean> =>
    (await redis.eval(script, 2, renderKey(id), openKey(platform), id, ...given)) === 1;

  return {
    /**
     * Stores a new render that was begun. False if this id is known already: the event was delivered twice. Throws
     * OperationError `command_given_up` if it took so long that its beginning was given up.
     */
    async create(record: RenderRecord): Promise<boolean> {
      const { id, platform, member, createdAt, pictureOf } = record;
      if (pictureOf !== undefined) {
        const key = copiesKey(platform, pictureOf);
        await results(redis.multi().zadd(key, createdAt, id).pexpire(key, keepMs).exec());
      }
      const keys = [renderKey(id), INDEX_KEY, memberKey(platform, member.id), beginningsKey(platform)];
      const listed = [createdAt, createdAt - keepMs, keepMs];
      const given = [id, JSON.stringify(record), ...listed, nameOfBeginning(record)];
      const answer = await redis.eval(CREATE_SCRIPT, keys.length, ...keys, ...given);
      if (answer === 'given up') throw new OperationError('command_given_up', 'This took too long and was given up.');
      return answer === 'created';
    },

    /** When retention takes it, in milliseconds since the epoch. */
    forgottenAt: ({ createdAt }: RenderRecord): number => createdAt + keepMs,

    async get(id: string): Promise<RenderEntry | undefined> {
      return toEntry(await redis.hgetall(renderKey(id)));
    },

    /**
     * Remembers where the status message is; from now on the render is open until it is delivered. False if it has ended: its
     * command was begun a second time, or its member has deleted it.
     */
    async open(id: string, ref: MessageRef): Promise<boolean> {
      return run(OPEN_SCRIPT, id, ref.platform, JSON.stringify(ref));
    },

    /** A member's latest renders, the newest first. */
    async listOf(platform: string, memberId: string, count?: number): Promise<string[]> {
      return redis.zrevrange(memberKey(platform, memberId), 0, count === undefined ? -1 : count - 1);
    },

    /** What others have made from a member's pictures. */
    async listCopiesOf(platform: string, memberId: string): Promise<string[]> {
      return redis.zrange(copiesKey(platform, memberId), 0, '-1');
    },

    /** As if it had never been asked for: its message could not be posted. */
    async forget(record: RenderRecord): Promise<void> {
      await results(redis.multi().del(renderKey(record.id)).zrem(INDEX_KEY, record.id).exec());
      await unlist(record);
    },

    /** Renders of before this time, the oldest first. */
    async listBefore(time: number, skip: number, count: number): Promise<string[]> {
      return redis.zrangebyscore(INDEX_KEY, '-inf', `(${time}`, 'LIMIT', skip, count);
    },

    /** Nothing of it is left, whatever it came to. */
    async purge(id: string, record: RenderRecord | undefined): Promise<void> {
      if (record) {
        await redis.srem(openKey(record.platform), id);
        await unlist(record);
      }
      await results(redis.multi().del(renderKey(id), cancelKey(id)).zrem(INDEX_KEY, id).exec());
    },

    /** The renders of a platform whose status message still waits for an outcome. */
    async listOpen(platform: string): Promise<string[]> {
      return redis.smembers(openKey(platform));
    },

    /** Records how the render ended, unless that is known already. Resolves to the outcome that stands. */
    async settle(id: string, outcome: Outcome): Promise<Outcome> {
      if (await run(SETTLE_SCRIPT, id, '', JSON.stringify(outcome))) return outcome;
      const standing = await redis.hget(renderKey(id), 'outcome');
      return standing ? (JSON.parse(standing) as Outcome) : outcome;
    },

    /** The clip in the store carries its mark. */
    async noteMarked(id: string): Promise<void> {
      await run(NOTE_MARKED_SCRIPT, id, '');
    },

    async isMarked(id: string): Promise<boolean> {
      return (await redis.hexists(renderKey(id), 'marked')) === 1;
    },

    /** What was made is not to be seen after all; nothing happens where its member has deleted it meanwhile. */
    async withdraw(id: string, outcome: Outcome): Promise<void> {
      await run(WITHDRAW_SCRIPT, id, '', JSON.stringify(outcome));
    },

    /** Takes back that it failed, and that this was told: an admin has it tried again. False if it has not failed. */
    async reopen(id: string, platform: string): Promise<boolean> {
      return run(REOPEN_SCRIPT, id, platform);
    },

    /**
     * Leaves it open where the member has deleted it since `told`: that is still to be told. Of one that was told as deleted the id
     * stays, so that its command coming again makes nothing, and nothing says whose it was.
     */
    async markDelivered({ id, platform }: RenderRecord, told: Outcome): Promise<void> {
      const known = told.kind === 'deleted' ? await this.get(id) : undefined;
      const left = known ? JSON.stringify(withoutMember(known.record)) : '';
      await run(MARK_DELIVERED_SCRIPT, id, platform, Date.now(), left);
      if (known) await unlist(known.record);
    },

    /** The member deleted it, whatever it came to: its words go at once, and what else is left of it is to be taken away. */
    async markDeleted(record: RenderRecord): Promise<void> {
      const outcome = JSON.stringify({ kind: 'deleted' } satisfies Outcome);
      await run(MARK_DELETED_SCRIPT, record.id, record.platform, outcome, JSON.stringify(withoutWords(record)));
    },
  };
}

function withoutWords(record: RenderRecord): RenderRecord {
  const { member, request } = record;
  return { ...record, member: { id: member.id, name: '' }, request: { ...request, prompt: '', negative: '', seed: 0 } };
}

function withoutMember(record: RenderRecord): RenderRecord {
  const { place: _place, pictureOf: _pictureOf, language: _language, trace: _trace, ...rest } = withoutWords(record);
  return { ...rest, member: { id: '', name: '' } };
}

function toEntry(fields: Record<string, string>): RenderEntry | undefined {
  const { record, ref, outcome, delivered } = fields;
  if (!record) return undefined;
  return {
    record: JSON.parse(record) as RenderRecord,
    ref: ref ? (JSON.parse(ref) as MessageRef) : undefined,
    outcome: outcome ? (JSON.parse(outcome) as Outcome) : undefined,
    isDelivered: delivered !== undefined,
  };
}

/** The results of a transaction; throws the first command's error. */
async function results(transaction: Promise<[error: Error | null, result: unknown][] | null>): Promise<unknown[]> {
  const answers = (await transaction) ?? [];
  return answers.map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}
