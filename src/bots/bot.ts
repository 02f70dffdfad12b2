// What the bot does with a command or a button, on whatever platform; and how outcomes get back there.
import { createHash, randomInt } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { OperationError, UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Intake } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import { createDeliveryWorker } from '../queue/deliveries.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Outcome, Records, RenderEntry, RenderRecord } from '../queue/records.ts';
import type { Redis } from '../queue/redis.ts';
import { frameCount, LARGEST_SEED, outputSize, type RenderRequest, type Size } from '../render.ts';
import { type ParsedCommand, parseCommand } from './command.ts';
import { createInOrder } from './in-order.ts';
import { createNarrator } from './narrator.ts';
import type { AnimateCommand, ButtonPress, Clip, Handlers, MessageRef, Platform } from './platform.ts';
import { firstView, toOutcomeView, type View } from './view.ts';

export interface BotOptions {
  platform: Platform;
  /** At most one progress edit per message in this time. */
  redrawEveryMs: number;
  redis: Redis;
  queue: RenderQueue;
  records: Records;
  store: Store;
  intake: Intake;
  log: Logger;
  now?: () => number;
}

/** Joins a platform and serves it until the returned function is called. */
export async function startBot(options: BotOptions): Promise<() => Promise<void>> {
  const { platform, redrawEveryMs, redis, queue, records, store, intake, now = Date.now } = options;
  const log = options.log.child({ platform: platform.name });
  const inOrder = createInOrder();
  const narrator = createNarrator({ platform, queue, inOrder, redrawEveryMs, log, now });

  /** Posts the message and joins the line. A crash between any two lines is made good by the same event coming again. */
  const begin = async (record: RenderRecord, open: (view: View) => Promise<MessageRef>): Promise<void> => {
    const ref = await open(firstView(record.id, record.request));
    await queue.enqueue(record, ref);
    narrator.follow(record.id);
    log.info({ renderId: record.id, memberId: record.member.id }, 'Accepted');
  };

  const admit = async (
    id: string,
    member: RenderRecord['member'],
    command: ParsedCommand,
    picture: { png: Buffer } & Size,
  ): Promise<RenderRecord> => {
    const image = `pictures/${id}.png`;
    const record: RenderRecord = {
      id,
      platform: platform.name,
      member,
      request: toRequest(command, image, picture),
      createdAt: now(),
    };
    await store.write(image, picture.png);
    await queue.admit(record);
    return (await queue.find(id))?.record ?? record;
  };

  /** The picture of an earlier render, with that render's options. */
  const pictureOf = async (renderId: string) => {
    const { record } = await entryOf(renderId);
    const stored = await store.read(record.request.image);
    if (!stored)
      throw new UserError('render_unknown', 'The picture of that render is not kept any more. Attach it again.');
    return { record, picture: await intake.normalise(await buffer(stored.stream), 'picture.png') };
  };

  const entryOf = async (renderId: string): Promise<RenderEntry> => {
    const entry = await queue.find(renderId);
    if (!entry) throw new UserError('render_unknown', 'That render is too old: it is not kept any more.');
    return entry;
  };

  const animate = async (command: AnimateCommand): Promise<{ renderId: string }> => {
    const id = toRenderId(platform.name, command.eventId);
    const known = await queue.find(id);
    if (known) {
      if (!known.ref) await begin(known.record, command.open);
      return { renderId: id };
    }
    if (!command.picture) {
      throw new UserError(
        'picture_missing',
        'Expected a picture to animate, got none. Attach a PNG, JPEG or WebP and send it again.',
      );
    }
    const parsed = parseCommand(command.text);
    const picture =
      'ofRender' in command.picture
        ? (await pictureOf(command.picture.ofRender)).picture
        : await intake.normalise(command.picture.bytes, command.picture.filename);
    await begin(await admit(id, command.member, parsed, picture), command.open);
    return { renderId: id };
  };

  const again = async ({ eventId, renderId, member, open }: ButtonPress): Promise<string> => {
    const id = toRenderId(platform.name, eventId);
    const known = await queue.find(id);
    if (known?.ref) return 'Once more, with another seed.';
    const { record, picture } = await pictureOf(renderId);
    const fresh = known?.record ?? (await admit(id, member, { ...record.request, seed: undefined }, picture));
    await begin(fresh, open);
    return 'Once more, with another seed.';
  };

  const cancel = async (renderId: string): Promise<string> => {
    const answer = await queue.cancel(renderId);
    switch (answer) {
      case 'unknown':
      case 'ended':
        return 'That render has ended already; there is nothing to cancel.';
      case 'removed':
        return 'Cancelled before it started.';
      case 'stopping':
        return 'Stopping it now.';
    }
  };

  const remove = async ({ record, ref, outcome }: RenderEntry): Promise<string> => {
    if (!outcome) await queue.cancel(record.id);
    await inOrder(record.id, async () => {
      await records.markDeleted(record.id, platform.name);
      await Promise.all([store.remove(record.request.image), store.remove(clipKey(record.id))]);
      if (ref) await platform.update(ref, toOutcomeView(record.id, record.request, { kind: 'deleted' }));
    });
    return 'Deleted.';
  };

  const press = async (button: ButtonPress): Promise<string> => {
    const entry = await entryOf(button.renderId);
    if (!button.mayManage && entry.record.member.id !== button.member.id) {
      throw new UserError('not_allowed', `That render belongs to ${entry.record.member.name}; only they can do that.`);
    }
    switch (button.action) {
      case 'again':
        return again(button);
      case 'cancel':
        return cancel(button.renderId);
      case 'delete':
        return remove(entry);
    }
  };

  const deliver = async ({ record }: RenderEntry): Promise<void> => {
    await inOrder(record.id, async () => {
      // Read again in turn: it may have been deleted while this waited.
      const entry = await queue.find(record.id);
      if (!entry?.ref || !entry.outcome || entry.isDelivered) return;
      const outcome = await withoutMissingClip(store, entry.outcome);
      const names = { renderId: record.id, memberId: record.member.id };
      if (outcome !== entry.outcome) log.error(names, 'The clip is not in the store; is DATA_FOLDER shared?');
      const view = toOutcomeView(record.id, record.request, outcome);
      await platform.deliver(entry.ref, view, toClip(store, record.id, outcome));
      log.info({ ...names, outcome: outcome.kind }, 'Delivered');
    });
  };

  const handlers: Handlers = { animate, press };
  await platform.start(handlers);
  const deliveries = createDeliveryWorker({
    redis,
    records,
    platform: platform.name,
    deliver,
    onError: (error, renderId) =>
      log.warn({ err: error, ...(renderId && { renderId }) }, 'A delivery failed; it is tried again'),
  });
  const stopWatching = await queue.watch({
    onChange: narrator.onChange,
    onLineMoved: narrator.onLineMoved,
    onError: (error) => log.warn({ err: error }, 'The queue had a fault'),
  });
  for (const id of await queue.recover(platform.name)) narrator.follow(id);

  return async () => {
    await stopWatching();
    narrator.stop();
    await platform.stop();
    await deliveries.close();
  };
}

function toRequest(
  { prompt, negative, resolution, seconds, seed }: ParsedCommand,
  image: string,
  picture: Size,
): RenderRequest {
  const { width, height } = outputSize(picture, resolution);
  return {
    image,
    prompt,
    negative,
    resolution,
    seconds,
    seed: seed ?? randomInt(LARGEST_SEED),
    width,
    height,
    frames: frameCount(seconds),
  };
}

/** BullMQ refuses ids that are numbers or hold a colon, so the platform's name goes first and the rest is kept plain. */
function toRenderId(platform: string, eventId: string): string {
  const isPlain = /^[A-Za-z0-9_-]{1,80}$/.test(eventId);
  return `${platform}-${isPlain ? eventId : createHash('sha256').update(eventId).digest('hex')}`;
}

const clipKey = (renderId: string): string => `clips/${renderId}.mp4`;

/** A clip that is gone stays gone: its member is told so at once. */
async function withoutMissingClip(store: Store, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'done' || (await store.size(outcome.clip)) !== undefined) return outcome;
  const message = 'The clip was made, but it is not in the store any more.';
  return { kind: 'failed', code: 'clip_missing', message, seconds: outcome.seconds };
}

function toClip(store: Store, renderId: string, outcome: Outcome): Clip | undefined {
  if (outcome.kind !== 'done') return undefined;
  const { clip: key, result } = outcome;
  return {
    key,
    filename: `${renderId}.mp4`,
    result,
    read: async () => {
      const stored = await store.read(key);
      if (!stored) throw new OperationError('clip_missing', `The clip of ${renderId} is not in the store.`);
      return stored.stream;
    },
  };
}
