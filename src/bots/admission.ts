// Whether a render is taken in, and the sentence for a member who gets no more now: what is expected, and when to come back.
import { UserError } from '../errors.ts';
import type { Beginning } from '../queue/beginnings.ts';
import type { Allowance, Left, Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { RenderRecord } from '../queue/records.ts';
import type { Holder } from '../queue/rules.ts';
import { wordsOf } from './languages/languages.ts';

const WHOSE: Record<Holder, string> = {
  member: 'Everybody',
  channel: 'All in this channel together',
  server: 'All in this server together',
  everyone: 'All members together',
};

export interface AdmissionOptions {
  limits: Limits;
  queue: RenderQueue;
  now: () => number;
}

export type Admission = ReturnType<typeof createAdmission>;

export function createAdmission({ limits, queue, now }: AdmissionOptions) {
  /** Counts a render, once however often it comes. Resolves to its member's weight, or throws what they are told. */
  const count = async (record: RenderRecord): Promise<number> => {
    const { request } = record;
    const allowance = await limits.take(record);
    if (allowance.isAllowed) return allowance.weight;
    const isFull = allowance.limit === 'atOnce' && allowance.of !== 'member';
    const seconds = isFull
      ? await queue.secondsUntilEnded(request, allowance.tooMany)
      : allowance.freeAt && (allowance.freeAt - now()) / 1000;
    throw new UserError('limit_reached', describeRefusal(allowance, request, seconds));
  };

  /** It was counted and is not taken in: that costs nothing. */
  const takeBack = (record: Beginning): Promise<void> =>
    limits.giveBack(record, { kind: 'failed', code: 'not_admitted', message: '', seconds: 0 });

  return {
    count,
    takeBack,

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

function describeRefusal(
  { limit, of, most }: Extract<Allowance, { isAllowed: false }>,
  { resolution, seconds }: RenderRecord['request'],
  waitSeconds: number | undefined,
): string {
  const whose = WHOSE[of];
  const next = waitSeconds === undefined ? '' : ` Your next one can begin in about ${describeWait(waitSeconds)}.`;
  switch (limit) {
    case 'atOnce':
      if (of === 'member')
        return `${whose} may have ${most} under way at once here. Wait for one of yours, or cancel one.`;
      return `${whose} may have ${most} under way at once, and there are as many. Come back ${waitSeconds === undefined ? 'later' : `in about ${describeWait(waitSeconds)}`}.`;
    case 'perDay':
      return `${whose} may have ${most} in a day here.${next}`;
    case 'gpuSecondsPerDay':
      return `${whose} may have ${most} s of GPU time in a day here.${next || ' This one alone takes more.'}`;
    case 'cooldownSeconds':
      return `${whose} may begin one every ${most} s here.${next}`;
    case 'resolution':
      return `${whose} may have at most ${most} here, got ${resolution}.`;
    case 'seconds':
      return `${whose} may have at most ${most} seconds here, got ${seconds}.`;
  }
}

function describeWait(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
