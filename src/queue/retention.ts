// Deletes what is older than members were promised: records, pictures, clips, and what BullMQ still has of them; and files that
// nothing refers to any more. Of many bots one does it.
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import type { Compaction } from './compaction.ts';
import type { Notes } from './notes.ts';
import type { RenderQueue } from './queue.ts';
import type { Records } from './records.ts';

const SWEEP_EVERY_MS = 3600 * 1000;
const RENDERS_AT_ONCE = 500;

export interface RetentionOptions {
  records: Records;
  queue: RenderQueue;
  store: Store;
  notes: Notes;
  keepMs: number;
  /** What else has to forget what is older than this, such as the chat page. */
  forgetBefore(time: number): Promise<void>;
  compaction: Pick<Compaction, 'ask'>;
  log: Logger;
  now?: () => number;
}

export interface Swept {
  renders: number;
  files: number;
}

export function createRetention(options: RetentionOptions) {
  const { records, queue, store, notes, keepMs, forgetBefore, compaction, log, now = Date.now } = options;
  let isStopped = false;

  const sweepRenders = async (before: number): Promise<number> => {
    let count = 0;
    // Those that wait or render still are passed over until they have come to an end.
    for (let passed = 0; ; ) {
      const ids = await records.listBefore(before, passed, RENDERS_AT_ONCE);
      for (const id of ids) {
        if (isStopped) return count;
        const entry = await records.get(id);
        if (entry?.ref && !entry.outcome) {
          passed += 1;
          continue;
        }
        // The files first: a sweep that dies here finds the record again.
        await Promise.all([store.remove(`pictures/${id}.png`), store.remove(`clips/${id}.mp4`)]);
        if (entry) await queue.discard(entry.record);
        await records.purge(id, entry?.record);
        count += 1;
      }
      if (ids.length < RENDERS_AT_ONCE) return count;
    }
  };

  const sweepFiles = async (before: number): Promise<number> => {
    let count = 0;
    for await (const { key, modifiedAt } of store.list()) {
      if (isStopped) return count;
      if (modifiedAt >= before || (await records.get(renderOf(key)))) continue;
      await store.remove(key);
      count += 1;
    }
    return count;
  };

  const sweep = async (): Promise<Swept> => {
    const before = now() - keepMs;
    await forgetBefore(before);
    const swept = { renders: await sweepRenders(before), files: await sweepFiles(before) };
    await compaction.ask();
    if (swept.renders + swept.files > 0) log.info(swept, 'Deleted what is older than RETENTION_DAYS');
    return swept;
  };

  return {
    sweep,

    /** Sweeps now and every hour, unless another bot has done it within that time. Stops with the returned function. */
    start(): () => Promise<void> {
      let underWay: Promise<unknown> = Promise.resolve();
      const sweepInTurn = async (): Promise<void> => {
        if (await notes.claim('sweep', SWEEP_EVERY_MS / 2)) await sweep();
      };
      const look = (): void => {
        underWay = sweepInTurn().catch((error) => log.warn({ err: error }, 'Old renders could not be deleted'));
      };
      const timer = setInterval(look, SWEEP_EVERY_MS);
      look();
      return async () => {
        isStopped = true;
        clearInterval(timer);
        await underWay;
      };
    },
  };
}

const renderOf = (key: string): string => key.slice(key.indexOf('/') + 1, key.lastIndexOf('.'));
