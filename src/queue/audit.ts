// What admins did: who, what and when, the latest thousand or so. And beside it, so that it never crowds that out, which requests
// were refused for words that may have met by accident.
import { z } from 'zod';
import { KEY_PREFIX, type Redis } from './redis.ts';

const KEY = `${KEY_PREFIX}:audit`;
const NEAR_MISSES_KEY = `${KEY_PREFIX}:near-misses`;
const KEPT = 1000;
const MAX_NEAR_MISSES = 100;
const KEEP_NEAR_MISSES_MS = 7 * 24 * 3600 * 1000;

const auditEntrySchema = z.object({
  at: z.number(),
  platform: z.string(),
  by: z.object({ id: z.string(), name: z.string() }),
  /** The verb and what it was about. Nothing private is among it. */
  what: z.string(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** `met` are entries of the built-in word list: what was typed is not kept. */
const nearMissSchema = z.object({ at: z.number(), platform: z.string(), memberId: z.string(), met: z.string() });
export type NearMiss = z.infer<typeof nearMissSchema>;

export type Audit = ReturnType<typeof createAudit>;

export function createAudit(redis: Redis) {
  return {
    async add(entry: AuditEntry): Promise<void> {
      await redis.xadd(KEY, 'MAXLEN', '~', KEPT, '*', 'entry', JSON.stringify(entry));
    },

    async addNearMiss(nearMiss: NearMiss): Promise<void> {
      const fields = ['entry', JSON.stringify(nearMiss)];
      await redis
        .multi()
        .xadd(NEAR_MISSES_KEY, 'MAXLEN', MAX_NEAR_MISSES, '*', ...fields)
        .pexpire(NEAR_MISSES_KEY, KEEP_NEAR_MISSES_MS)
        .exec();
    },

    /** What names this member, the newest first. */
    async about(platform: string, memberId: string): Promise<{ acts: AuditEntry[]; nearMisses: NearMiss[] }> {
      const [acts, nearMisses] = await Promise.all([this.latest(2 * KEPT), this.latestNearMisses(MAX_NEAR_MISSES)]);
      const isAbout = ({ by, what }: AuditEntry) => by.id === memberId || what.split(/[\s:,]+/).includes(memberId);
      return {
        acts: acts.filter((entry) => entry.platform === platform && isAbout(entry)),
        nearMisses: nearMisses.filter((entry) => entry.platform === platform && entry.memberId === memberId),
      };
    },

    /** The newest first. */
    async latestNearMisses(count: number): Promise<NearMiss[]> {
      const found = await redis.xrevrange(NEAR_MISSES_KEY, '+', '-', 'COUNT', count);
      return readEach(found, nearMissSchema);
    },

    /** The newest first. */
    async latest(count: number): Promise<AuditEntry[]> {
      const found = await redis.xrevrange(KEY, '+', '-', 'COUNT', count);
      return readEach(found, auditEntrySchema);
    },
  };
}

/** Without what cannot be read: one entry that another version has written hides none of the others. */
function readEach<Entry>(found: [id: string, fields: string[]][], schema: z.ZodType<Entry>): Entry[] {
  return found.flatMap(([, fields]) => {
    const { success, data } = schema.safeParse(parsed(fields[1] ?? ''));
    return success ? [data] : [];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
