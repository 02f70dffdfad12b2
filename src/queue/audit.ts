// What admins did: who, what and when, the latest thousand or so.
import type { Member } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const KEY = `${KEY_PREFIX}:audit`;
const KEPT = 1000;

export interface AuditEntry {
  at: number;
  platform: string;
  by: Member;
  /** The verb and what it was about. Nothing private is among it. */
  what: string;
}

export type Audit = ReturnType<typeof createAudit>;

export function createAudit(redis: Redis) {
  return {
    async add(entry: AuditEntry): Promise<void> {
      await redis.xadd(KEY, 'MAXLEN', '~', KEPT, '*', 'entry', JSON.stringify(entry));
    },

    /** The newest first. */
    async latest(count: number): Promise<AuditEntry[]> {
      const found = await redis.xrevrange(KEY, '+', '-', 'COUNT', count);
      return found.map(([, fields]) => JSON.parse(fields[1] ?? '') as AuditEntry);
    },
  };
}
