// What a member has made here: shown to them, and deleted when they wish, one or all.
import type { Logger } from '../log.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Records } from '../queue/records.ts';
import { wordsOf } from './languages/languages.ts';
import type { Handlers, Platform } from './platform.ts';
import { toView } from './view.ts';

/** How many of a member's renders are listed. */
const MOST_RECENT = 10;

export interface MemberRendersOptions {
  platform: Pick<Platform, 'name'>;
  queue: RenderQueue;
  records: Records;
  isAiLabelled: boolean;
  log: Logger;
  now(): number;
}

export type MemberRenders = ReturnType<typeof createMemberRenders>;

export function createMemberRenders({ platform, queue, records, isAiLabelled, log, now }: MemberRendersOptions) {
  const recent: Handlers['recent'] = async (memberId) => {
    const entries = await Promise.all(
      (await records.listOf(platform.name, memberId, MOST_RECENT)).map((id) => queue.find(id)),
    );
    const shown = entries.map(async (entry) => {
      if (!entry?.ref || entry.outcome?.kind === 'deleted') return undefined;
      return { view: toView(entry, await queue.status(entry), now(), isAiLabelled), ref: entry.ref };
    });
    return (await Promise.all(shown)).filter((each) => each !== undefined);
  };

  const forget: Handlers['forget'] = async ({ member, language }) => {
    let count = 0;
    const own = await records.listOf(platform.name, member.id);
    for (const id of [...own, ...(await records.listCopiesOf(platform.name, member.id))]) {
      const entry = await queue.find(id);
      if (!entry || entry.outcome?.kind === 'deleted') continue;
      await queue.remove(entry);
      count += 1;
    }
    log.info({ memberId: member.id, count }, 'A member deleted all that they had made');
    return wordsOf(language).trust.forgotten(count);
  };

  return { recent, forget };
}
