// The mark that every clip carries before anybody is shown it: that it was made by a machine, and here.
import { buffer } from 'node:stream/consumers';
import type { Logger } from '../log.ts';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Store } from '../media/store.ts';
import type { Outcome, Records, RenderRecord } from '../queue/records.ts';
import type { RenderResult } from '../render.ts';

/** A signed manifest, a tag and XMP are 13 KB; names of engines and models may be longer than ours. */
const MARK_ROOM_BYTES = 20_000;

type Done = Extract<Outcome, { kind: 'done' }>;

export interface MarkingOptions {
  store: Store;
  clipTools: ClipTools;
  records: Pick<Records, 'isMarked' | 'noteMarked'>;
  log: Logger;
}

export function createMarking({ store, clipTools, records, log }: MarkingOptions) {
  const mark = async (clip: Buffer, result: RenderResult, renderId: string): Promise<Buffer> => {
    const { clip: marked, fault } = await clipTools.mark(clip, result);
    if (fault !== undefined) log.warn({ renderId, fault }, 'A clip is not marked as it should be');
    return marked;
  };

  return {
    /** Once: what is shown under one key are always the same bytes. */
    async markStored(record: RenderRecord, { clip: key, result }: Done): Promise<void> {
      if (await records.isMarked(record.id)) return;
      const stored = await store.read(key);
      if (!stored) return;
      await store.write(key, await mark(await buffer(stored.stream), result, record.id));
      await records.noteMarked(record.id);
    },

    /** The clip with its mark in at most so many bytes; undefined where that would leave nothing worth watching. */
    async shrink(clip: Buffer, maxBytes: number, { id }: RenderRecord, { result }: Done): Promise<Buffer | undefined> {
      const withRoom = await clipTools.shrink(clip, Math.max(0, maxBytes - MARK_ROOM_BYTES));
      const marked = withRoom && (await mark(withRoom, result, id));
      if (marked && marked.length <= maxBytes) return marked;
      // A clip without its mark is better than none.
      const bare = withRoom ?? (await clipTools.shrink(clip, maxBytes));
      if (bare) log.warn({ renderId: id }, 'A clip that had to be made very small has no room for its mark');
      return bare;
    },
  };
}

export type Marking = ReturnType<typeof createMarking>;
