// Renders of before: who may have one brought up again, and the picture that it leaves for the next.
import { buffer } from 'node:stream/consumers';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Intake, NormalisedPicture } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { RenderEntry } from '../queue/records.ts';
import { refusal } from '../refusals.ts';
import type { ButtonPress } from './platform.ts';

/** Where workers keep a finished clip. */
export const clipKey = (renderId: string): string => `clips/${renderId}.mp4`;

export interface EarlierOptions {
  queue: RenderQueue;
  store: Store;
  intake: Intake;
  clipTools: ClipTools;
}

export type Earlier = ReturnType<typeof createEarlier>;

export function createEarlier({ queue, store, intake, clipTools }: EarlierOptions) {
  const find = async (renderId: string): Promise<RenderEntry> => {
    const entry = await queue.find(renderId);
    if (!entry || entry.outcome?.kind === 'deleted') throw refusal('render_unknown', {});
    return entry;
  };

  return {
    find,

    /** For whoever may use its buttons. */
    async findOwn(press: Pick<ButtonPress, 'renderId' | 'member' | 'mayManage'>): Promise<RenderEntry> {
      const entry = await find(press.renderId);
      const { member } = entry.record;
      if (press.mayManage || member.id === press.member.id) return entry;
      throw refusal('not_yours', { owner: member.name });
    },

    /** The picture that it was made from, or the last of its clip. */
    async pictureOf({ record }: RenderEntry, which: 'first' | 'last'): Promise<NormalisedPicture> {
      const stored = await store.read(which === 'first' ? record.request.image : clipKey(record.id));
      if (!stored) throw refusal('render_picture_gone', {});
      const bytes = await buffer(stored.stream);
      return intake.normalise(which === 'first' ? bytes : await clipTools.lastFrame(bytes), 'picture.png');
    },
  };
}
