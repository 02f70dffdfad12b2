// What a member has made here: shown to them, and deleted when they wish, one or all.
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Records, RenderEntry } from '../queue/records.ts';
import { clipKey } from './earlier.ts';
import type { InOrder } from './in-order.ts';
import { wordsOf } from './languages/languages.ts';
import type { Handlers, Platform } from './platform.ts';
import { toOutcomeView, toView } from './view.ts';

/** How many of a member's renders are listed. */
const MOST_RECENT = 10;

export interface MemberRendersOptions {
  platform: Pick<Platform, 'name' | 'update'>;
  queue: RenderQueue;
  records: Records;
  store: Store;
  inOrder: InOrder;
  log: Logger;
  now(): number;
}

export type MemberRenders = ReturnType<typeof createMemberRenders>;

export function createMemberRenders({ platform, queue, records, store, inOrder, log, now }: MemberRendersOptions) {
  const remove = async ({ record, ref, outcome }: RenderEntry): Promise<void> => {
    if (!outcome) await queue.cancel(record.id);
    await inOrder(record.id, async () => {
      await records.markDeleted(record.id, platform.name);
      await Promise.all([store.remove(record.request.image), store.remove(clipKey(record.id))]);
      if (ref) await platform.update(ref, toOutcomeView(record, { kind: 'deleted' }));
    });
  };

  const recent: Handlers['recent'] = async (memberId) => {
    const entries = await Promise.all(
      (await records.listOf(platform.name, memberId, MOST_RECENT)).map((id) => queue.find(id)),
    );
    const shown = entries.map(async (entry) => {
      if (!entry?.ref || entry.outcome?.kind === 'deleted') return undefined;
      return { view: toView(entry, await queue.status(entry), now()), ref: entry.ref };
    });
    return (await Promise.all(shown)).filter((each) => each !== undefined);
  };

  const forget: Handlers['forget'] = async ({ member, language }) => {
    let count = 0;
    for (const id of await records.listOf(platform.name, member.id)) {
      const entry = await queue.find(id);
      if (!entry || entry.outcome?.kind === 'deleted') continue;
      await remove(entry);
      count += 1;
    }
    log.info({ memberId: member.id, count }, 'A member deleted all that they had made');
    return wordsOf(language).trust.forgotten(count);
  };

  return { remove, recent, forget };
}
