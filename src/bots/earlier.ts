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

/** Who wants an earlier render, and where: what they may do there is vouched for by the platform, the id is not. */
export type Wanting = Pick<ButtonPress, 'member' | 'mayManage' | 'place'>;

export interface EarlierOptions {
  platform: string;
  queue: RenderQueue;
  store: Store;
  intake: Intake;
  clipTools: ClipTools;
}

export type Earlier = ReturnType<typeof createEarlier>;

export function createEarlier({ platform, queue, store, intake, clipTools }: EarlierOptions) {
  const find = async (renderId: string): Promise<RenderEntry> => {
    const entry = await queue.find(renderId);
    if (!entry || entry.outcome?.kind === 'deleted') throw refusal('render_unknown', {});
    return entry;
  };

  return {
    find,

    /**
     * The only way to a render by an id that came from a member: chat clients and browsers can send any. It is for its member, and
     * for those who may manage the server that it was asked for in. Of other servers and other chats nobody learns anything.
     */
    async findFor({ member, mayManage, place }: Wanting, renderId: string): Promise<RenderEntry> {
      const entry = await find(renderId);
      const { record } = entry;
      if (record.platform !== platform) throw refusal('render_unknown', {});
      if (record.member.id === member.id) return entry;
      if (record.place?.server !== place?.server) throw refusal('render_unknown', {});
      if (mayManage) return entry;
      throw refusal('not_yours', { owner: record.member.name });
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
