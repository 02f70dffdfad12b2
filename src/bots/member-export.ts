// What is kept of a member, for them to read and to take away: everything that is found under their id.
import type { Store } from '../media/store.ts';
import type { Blocks } from '../queue/blocks.ts';
import type { Consents } from '../queue/consents.ts';
import type { Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Records, RenderEntry } from '../queue/records.ts';
import type { RefusedPictures, Strikes } from '../queue/strikes.ts';
import type { Member } from '../render.ts';
import { clipKey } from './earlier.ts';
import type { Handlers } from './platform.ts';

export interface MemberExportOptions {
  platform: string;
  records: Records;
  queue: RenderQueue;
  store: Store;
  limits: Limits;
  strikes: Strikes;
  refusedPictures: RefusedPictures;
  blocks: Blocks;
  consents: Consents;
  now(): number;
}

export function createMemberExport(options: MemberExportOptions): Handlers['kept'] {
  const { platform, records, queue, store, limits, strikes, refusedPictures, blocks, consents, now } = options;

  const find = async (ids: string[]): Promise<RenderEntry[]> => {
    const entries = await Promise.all(ids.map((id) => queue.find(id)));
    return entries.filter((entry) => entry !== undefined);
  };

  const filesOf = async ({ record }: RenderEntry): Promise<string[]> => {
    const keys = [record.request.image, clipKey(record.id)];
    const sizes = await Promise.all(keys.map((key) => store.size(key)));
    return keys.filter((_, index) => sizes[index] !== undefined);
  };

  const describe = async (entry: RenderEntry) => {
    const { record, outcome, ref } = entry;
    const deletedBy = records.forgottenAt(record);
    return { ...record, outcome, message: ref, keptUntil: toTime(deletedBy), files: await filesOf(entry) };
  };

  return async ({ member }: { member: Member }) => {
    const whose = { platform, member };
    const own = await find(await records.listOf(platform, member.id));
    const renders = await Promise.all(own.map(describe));
    // Others made these from a picture of the member's: the picture is theirs, the words are not.
    const copies = await find(await records.listCopiesOf(platform, member.id));
    const [left, consent, block, strikesAt, refusedAt] = await Promise.all([
      limits.left(whose),
      consents.of(whose),
      blocks.find(platform, [{ kind: 'member', id: member.id }]),
      strikes.list(whose),
      refusedPictures.list(whose),
    ]);
    const document = {
      ...{ platform, member: { id: member.id }, writtenAt: toTime(now()), renders },
      madeByOthersFromYourPictures: copies.map(({ record }) => record.id),
      ...{ leftOfYourLimits: left, consent, block },
      refusals: strikesAt.map(toTime),
      picturesThatCouldNotBeUsed: refusedAt.map(toTime),
    };
    return { document, files: renders.flatMap(({ files }) => files) };
  };
}

function toTime(at: number): string {
  return new Date(at).toISOString();
}
