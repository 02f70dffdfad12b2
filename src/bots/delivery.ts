// How an outcome gets back into its status message, with the clip if there is one that may be seen.
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Store } from '../media/store.ts';
import type { Meter } from '../meter.ts';
import type { Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Outcome, Records, RenderEntry, RenderRecord } from '../queue/records.ts';
import type { Tracer } from '../trace.ts';
import { clipKey } from './earlier.ts';
import type { InOrder } from './in-order.ts';
import type { Marking } from './marking.ts';
import type { Moderation } from './moderation.ts';
import type { Clip, Platform } from './platform.ts';
import { toOutcomeView } from './view.ts';

const REFUSED = 'refused';
/** What S3 takes at most. */
const LONGEST_LINK_MS = 7 * 24 * 3600 * 1000;

export interface DeliveryOptions {
  platform: Pick<Platform, 'name' | 'deliver' | 'update'>;
  queue: RenderQueue;
  records: Records;
  store: Store;
  clipTools: ClipTools;
  limits: Limits;
  moderation: Moderation;
  marking: Marking;
  /** Clips of models say that they were made with AI. */
  isAiLabelled: boolean;
  inOrder: InOrder;
  meter: Meter | undefined;
  tracer: Tracer;
  log: Logger;
  now(): number;
}

export function createDelivery(options: DeliveryOptions) {
  const { platform, queue, records, store, clipTools, limits, moderation, marking, isAiLabelled } = options;
  const { inOrder, meter, tracer, log, now } = options;

  const read = async (key: string): Promise<Readable> => {
    const stored = await store.read(key);
    if (!stored) throw new OperationError('clip_missing', `The clip ${key} is not in the store.`);
    return stored.stream;
  };

  /** A clip that is gone stays gone: its member is told so at once. */
  const withoutMissingClip = async (record: RenderRecord, outcome: Outcome): Promise<Outcome> => {
    if (outcome.kind !== 'done' || (await store.size(outcome.clip)) !== undefined) return outcome;
    log.error(namesOf(record), 'The clip is not in the store; is DATA_FOLDER shared?');
    const message = "The clip was made, but it's no longer in the store.";
    return { kind: 'failed', code: 'clip_missing', message, seconds: outcome.seconds };
  };

  const discardRefused = async (record: RenderRecord, refused: Outcome): Promise<void> => {
    await limits.giveBack(record, refused);
    await store.remove(clipKey(record.id));
  };

  /** What is told in the place of a clip that nobody should see. */
  const withoutIndecentClip = async (record: RenderRecord, outcome: Outcome): Promise<Outcome> => {
    // It was refused before, and this broke off then.
    if (outcome.kind === 'failed' && outcome.code === REFUSED) await discardRefused(record, outcome);
    if (outcome.kind !== 'done') return outcome;
    const { clip, seconds } = outcome;
    if (await moderation.isDecentClip(async () => clipTools.sample(await buffer(await read(clip))))) return outcome;
    const message = "The clip came out as something I can't show here.";
    const refused: Outcome = { kind: 'failed', code: REFUSED, message, seconds };
    await records.withdraw(record.id, refused);
    await discardRefused(record, refused);
    log.info(namesOf(record), 'A clip was refused');
    return refused;
  };

  const toClip = async (record: RenderRecord, outcome: Outcome): Promise<Clip | undefined> => {
    if (outcome.kind !== 'done') return undefined;
    await marking.markStored(record, outcome);
    const { clip: key, result } = outcome;
    return {
      key,
      filename: `${record.id}.mp4`,
      // Its mark has bytes, too.
      result: { ...result, bytes: (await store.size(key)) ?? result.bytes },
      read: () => read(key),
      shrink: async (maxBytes) => marking.shrink(await buffer(await read(key)), maxBytes, record, outcome),
      async link() {
        const endsAt = Math.min(now() + LONGEST_LINK_MS, records.forgottenAt(record));
        const address = await store.link(key, Math.floor((endsAt - now()) / 1000));
        return address === undefined ? undefined : { address, endsAt };
      },
    };
  };

  const remove = async ({ record, ref }: RenderEntry, outcome: Outcome): Promise<Outcome | undefined> => {
    await Promise.all([store.remove(record.request.image), store.remove(clipKey(record.id))]);
    // Its message may be on its way still: whoever brings it in line comes by here again.
    if (!ref) return undefined;
    await platform.update(ref, toOutcomeView(record, outcome, isAiLabelled));
    return outcome;
  };

  const deliver = ({ record }: RenderEntry): Promise<Outcome | undefined> =>
    inOrder(record.id, async () => {
      // Read again in turn: it may have been deleted while this waited.
      const entry = await queue.find(record.id);
      if (entry?.outcome?.kind === 'deleted') return remove(entry, entry.outcome);
      if (!entry?.ref || !entry.outcome || entry.isDelivered) return undefined;
      const { ref } = entry;
      const outcome = await withoutIndecentClip(record, await withoutMissingClip(record, entry.outcome));
      const view = toOutcomeView(record, outcome, isAiLabelled);
      await tracer.span('deliver', { parent: record.trace, attributes: { outcome: outcome.kind } }, async () =>
        platform.deliver(ref, view, await toClip(record, outcome)),
      );
      meter?.delivered(platform.name, (now() - record.createdAt) / 1000);
      log.info({ ...namesOf(record), outcome: outcome.kind }, 'Delivered');
      // Another bot may have deleted it while this one brought it.
      const after = await queue.find(record.id);
      return after?.outcome?.kind === 'deleted' ? remove(after, after.outcome) : outcome;
    });

  /** The words alone: what came with them is there. */
  const showAgain = ({ record, ref, outcome }: RenderEntry): Promise<void> =>
    inOrder(record.id, async () => {
      if (!ref || !outcome) return;
      await platform.update(ref, toOutcomeView(record, await withoutMissingClip(record, outcome), isAiLabelled));
    });

  return { deliver, showAgain };
}

function namesOf({ id, member }: RenderRecord) {
  return { renderId: id, memberId: member.id };
}
