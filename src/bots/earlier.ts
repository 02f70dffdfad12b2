// Renders of before: who may have one brought up again, and the picture that it leaves for the next.
import { buffer } from 'node:stream/consumers';
import { UserError } from '../errors.ts';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Intake, NormalisedPicture } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { RenderEntry } from '../queue/records.ts';
import { wordsOf } from './languages/languages.ts';
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
  const find = async (renderId: string, language: string | undefined): Promise<RenderEntry> => {
    const entry = await queue.find(renderId);
    if (!entry) throw new UserError('render_unknown', wordsOf(language).renderUnknown);
    return entry;
  };

  return {
    find,

    /** For whoever may use its buttons. */
    async findOwn(press: Pick<ButtonPress, 'renderId' | 'member' | 'mayManage' | 'language'>): Promise<RenderEntry> {
      const entry = await find(press.renderId, press.language);
      const { member } = entry.record;
      if (press.mayManage || member.id === press.member.id) return entry;
      throw new UserError('not_allowed', wordsOf(press.language).notYours(member.name));
    },

    /** The picture that it was made from, or the last of its clip. */
    async pictureOf({ record }: RenderEntry, which: 'first' | 'last'): Promise<NormalisedPicture> {
      const stored = await store.read(which === 'first' ? record.request.image : clipKey(record.id));
      if (!stored) throw new UserError('render_unknown', wordsOf(record.language).pictureGone);
      const bytes = await buffer(stored.stream);
      return intake.normalise(which === 'first' ? bytes : await clipTools.lastFrame(bytes), 'picture.png');
    },
  };
}
