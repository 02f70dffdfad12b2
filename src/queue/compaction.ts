// Makes Redis forget what was deleted: its append-only file keeps every command until it is written anew.
import type { Logger } from '../log.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Set where something was deleted that the file still has. */
const DUE_KEY = `${KEY_PREFIX}:compaction-due`;
const LOOK_EVERY_MS = 30_000;

export type Compaction = ReturnType<typeof createCompaction>;

export function createCompaction(redis: Redis, log: Logger) {
  /** Of many bots one does it, for all that was deleted before. Another one that is under way may have begun too early to count. */
  const compact = async (): Promise<void> => {
    const persistence = await redis.info('persistence');
    if (!persistence.includes('aof_enabled:1')) return void (await redis.del(DUE_KEY));
    if (/aof_rewrite_(in_progress|scheduled):1/.test(persistence) || (await redis.del(DUE_KEY)) === 0) return;
    await redis.bgrewriteaof().catch(async (error) => {
      await redis.set(DUE_KEY, '1');
      throw error;
    });
  };

  return {
    /** Something was deleted; within a minute the file has forgotten it. */
    async ask(): Promise<void> {
      await redis.set(DUE_KEY, '1');
    },

    compact,

    /** Looks every now and then until the returned function is called. */
    start(): () => void {
      const look = (): void => {
        compact().catch((error) => log.warn({ err: error }, 'The append-only file of Redis could not be written anew'));
      };
      const timer = setInterval(look, LOOK_EVERY_MS);
      look();
      return () => clearInterval(timer);
    },
  };
}
