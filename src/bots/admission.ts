// Whether a render is taken in, and for a member who gets no more now, what the limit is and when to come back.
import { UserError } from '../errors.ts';
import type { Beginning } from '../queue/beginnings.ts';
import type { Allowance, Asked, Left, Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { RenderRecord } from '../queue/records.ts';
import type { RefusedPictures } from '../queue/strikes.ts';
import { refusal } from '../refusals.ts';
import { frameCount, outputSize, type RenderRequest } from '../render.ts';
import { wordsOf } from './languages/languages.ts';

const HOUR_MS = 3600 * 1000;

/** What a member may have found out in an hour by decoding: that a picture is broken, too large, or too slow to open. */
export const MAX_REFUSED_PICTURES_PER_HOUR = 10;
export const REFUSED_PICTURES_KEPT_MS = HOUR_MS;

/** Of a render whose picture nobody has looked at yet. All shapes of a resolution are about as many pixels. */
const USUAL_SHAPE = { width: 16, height: 9 };

export interface AdmissionOptions {
  limits: Limits;
  queue: RenderQueue;
  refusedPictures: RefusedPictures;
  now: () => number;
}

/** A command before its picture is looked at. */
export type Prospect = Pick<RenderRecord, 'id' | 'platform' | 'member' | 'place' | 'language'> & {
  request: Pick<RenderRequest, 'resolution' | 'quality' | 'seconds'>;
  /** What counts once where it is refused. */
  attempt: string;
};

export type Admission = ReturnType<typeof createAdmission>;

export function createAdmission({ limits, queue, refusedPictures, now }: AdmissionOptions) {
  /** Resolves to the member's weight, or throws what they are told. */
  const requireAllowed = async (allowance: Allowance, request: Asked['request']): Promise<number> => {
    if (allowance.isAllowed) return allowance.weight;
    const isFull = allowance.limit === 'atOnce' && allowance.of !== 'member';
    const waitSeconds = isFull
      ? await queue.secondsUntilEnded(request, allowance.tooMany)
      : allowance.freeAt && (allowance.freeAt - now()) / 1000;
    const { limit, of, most } = allowance;
    const got = limit === 'resolution' || limit === 'seconds' ? request[limit] : undefined;
    throw refusal('limit_reached', { limit, of, most, got, waitSeconds });
  };

  /** Counts a render, once however often it comes. Resolves to its member's weight, or throws what they are told. */
  const count = async (record: RenderRecord): Promise<number> =>
    requireAllowed(await limits.take(record), record.request);

  /** It was counted and is not taken in: that costs nothing. */
  const takeBack = (record: Beginning): Promise<void> =>
    limits.giveBack(record, { kind: 'failed', code: 'not_admitted', message: '', seconds: 0 });

  return {
    count,
    takeBack,

    /** It was counted, and its member cannot have it now: that is like a cancel. */
    refund: (record: Beginning): Promise<void> =>
      limits.giveBack(record, { kind: 'cancelled', freed: 'not_started', seconds: 0 }),

    /**
     * Throws what `count` would throw now, and for those whose pictures were refused too often: before a picture is fetched and
     * decoded, which costs everybody time. Counts nothing.
     */
    async requireRoom(prospect: Prospect): Promise<void> {
      const { request } = prospect;
      const usual = { ...outputSize(USUAL_SHAPE, request.resolution), frames: frameCount(request.seconds) };
      const asked = { ...prospect, request: { ...request, ...usual } };
      await requireAllowed(await limits.ask(asked), asked.request);
      const [first = 0, ...others] = (await refusedPictures.list(prospect)).slice(-MAX_REFUSED_PICTURES_PER_HOUR);
      if (others.length + 1 < MAX_REFUSED_PICTURES_PER_HOUR) return;
      const waitSeconds = (first + REFUSED_PICTURES_KEPT_MS - now()) / 1000;
      throw refusal('refused_pictures', { most: MAX_REFUSED_PICTURES_PER_HOUR, waitSeconds });
    },

    /** Resolves to the picture. Where looking at it was in vain, that counts against its member. */
    async counting<Picture>(whose: Prospect, look: () => Promise<Picture>): Promise<Picture> {
      try {
        return await look();
      } catch (error) {
        if (error instanceof UserError) await refusedPictures.add(whose, whose.attempt);
        throw error;
      }
    },

    /** Counts a render and keeps it; it is not counted where that fails. */
    async counted<Value>(record: RenderRecord, keep: (weight: number) => Promise<Value>): Promise<Value> {
      const weight = await count(record);
      try {
        return await keep(weight);
      } catch (error) {
        await takeBack(record);
        throw error;
      }
    },

    /** Empty where nothing is limited. */
    async describeLeft({ language, ...whose }: Pick<RenderRecord, 'platform' | 'member' | 'place' | 'language'>) {
      const left = await limits.left(whose);
      const words = wordsOf(language).left;
      return (Object.keys(words) as (keyof Left)[])
        .map((limit) => {
          const share = left[limit];
          return share && words[limit](Math.floor(share.left), share.most);
        })
        .filter((line) => line !== undefined)
        .join(' · ');
    },
  };
}
