// What the bot does with a command or a button, on whatever platform; and how outcomes get back there.
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { OperationError, UserError } from '../errors.ts';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Intake } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import type { Meter } from '../meter.ts';
import { createAlertBook } from '../queue/alert-book.ts';
import type { Audit } from '../queue/audit.ts';
import type { BotRoster } from '../queue/bot-roster.ts';
import { createDeliveryWorker } from '../queue/deliveries.ts';
import type { Health } from '../queue/health.ts';
import type { Limits } from '../queue/limits.ts';
import type { Quarantine } from '../queue/quarantine.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Outcome, Records, RenderEntry, RenderRecord } from '../queue/records.ts';
import type { Redis } from '../queue/redis.ts';
import type { Roster } from '../queue/roster.ts';
import type { Rules } from '../queue/rules.ts';
import { frameCount, LARGEST_SEED, outputSize, type RenderRequest, type Size } from '../render.ts';
import { NO_TRACES, type Tracer } from '../trace.ts';
import { createAdmin } from './admin.ts';
import { createAdmission } from './admission.ts';
import { startAlerts } from './alerts.ts';
import { type ParsedCommand, parseCommand } from './command.ts';
import { createInOrder } from './in-order.ts';
import { wordsOf } from './languages/languages.ts';
import type { Words } from './languages/words.ts';
import { createModeration, type ModerationOptions } from './moderation.ts';
import { createNarrator } from './narrator.ts';
import type { AnimateCommand, ButtonPress, Clip, Handlers, MessageRef, Platform } from './platform.ts';
import { firstView, toOutcomeView, toView, type View } from './view.ts';

/** How many of a member's renders are listed. */
const MOST_RECENT = 10;

export interface BotOptions extends Omit<ModerationOptions, 'platform'> {
  platform: Platform;
  /** At most one progress edit per message in this time, in milliseconds, by what it shows and how many are followed. */
  redrawEveryMs(view: View | undefined, followed: number): number;
  redis: Redis;
  queue: RenderQueue;
  records: Records;
  store: Store;
  intake: Intake;
  clipTools: ClipTools;
  roster: Roster;
  bots: BotRoster;
  limits: Limits;
  audit: Audit;
  quarantine: Quarantine;
  health(): Promise<Health>;
  version: string;
  rules: Rules;
  meter?: Meter;
  tracer?: Tracer;
}

/** Joins a platform and serves it until the returned function is called. */
export async function startBot(options: BotOptions): Promise<() => Promise<void>> {
  const {
    platform,
    redrawEveryMs,
    redis,
    queue,
    records,
    store,
    intake,
    clipTools,
    bots,
    limits,
    health,
    version,
    meter,
    tracer = NO_TRACES,
    now = Date.now,
  } = options;
  const log = options.log.child({ platform: platform.name });
  const moderation = createModeration({ ...options, platform: platform.name, log });
  const inOrder = createInOrder();
  const admission = createAdmission({ limits, queue, now });
  const narrator = createNarrator({ platform, queue, inOrder, redrawEveryMs, log, now });

  /** Counts the render; if this fails it is not counted, until somebody tries again. */
  const withCount = async <Value>(record: RenderRecord, act: (weight: number) => Promise<Value>): Promise<Value> => {
    const weight = await admission.require(record);
    try {
      return await act(weight);
    } catch (error) {
      await admission.takeBack(record);
      throw error;
    }
  };

  /** Posts the message and joins the line. A crash between any two lines is made good by the same event coming again. */
  const begin = async (record: RenderRecord, open: (view: View) => Promise<MessageRef>): Promise<void> => {
    const ref = await withCount(record, () => open(firstView(record))).catch(async (error) => {
      // The member can only put that right elsewhere, so nothing of this is kept.
      if (error instanceof UserError) await withdraw(record);
      throw error;
    });
    await queue.enqueue(record, ref);
    narrator.follow(record.id);
    meter?.accepted(platform.name);
    log.info({ renderId: record.id, memberId: record.member.id }, 'Accepted');
  };

  const withdraw = async (record: RenderRecord): Promise<void> => {
    await records.forget(record);
    await store.remove(record.request.image);
  };

  const admit = async (
    id: string,
    { member, language, place }: Pick<RenderRecord, 'member' | 'language' | 'place'>,
    command: ParsedCommand,
    picture: { png: Buffer } & Size,
    trace: string | undefined,
  ): Promise<RenderRecord> => {
    await moderation.requireDecentPicture(member, picture.png, id);
    const image = `pictures/${id}.png`;
    const record: RenderRecord = {
      id,
      platform: platform.name,
      member,
      language,
      place,
      request: toRequest(command, image, picture),
      createdAt: now(),
      ...(trace !== undefined && { trace }),
    };
    await withCount(record, async (weight) => {
      await store.write(image, picture.png);
      await queue.admit({ ...record, weight });
    });
    return (await queue.find(id))?.record ?? record;
  };

  /** A picture of an earlier render: the one that it was made from, or the last of its clip. */
  const pictureOf = async ({ record }: RenderEntry, which: 'first' | 'last' = 'first') => {
    const key = which === 'first' ? record.request.image : clipKey(record.id);
    const stored = await store.read(key);
    if (!stored) throw new UserError('render_unknown', wordsOf(record.language).pictureGone);
    const bytes = await buffer(stored.stream);
    return intake.normalise(which === 'first' ? bytes : await clipTools.lastFrame(bytes), 'picture.png');
  };

  const entryOf = async (renderId: string, language: string | undefined): Promise<RenderEntry> => {
    const entry = await queue.find(renderId);
    if (!entry) throw new UserError('render_unknown', wordsOf(language).renderUnknown);
    return entry;
  };

  /** The render of a button, for whoever may use its buttons. */
  const ownEntryOf = async ({ renderId, member, mayManage, language }: Parameters<Handlers['recall']>[0]) => {
    const entry = await entryOf(renderId, language);
    if (!mayManage && entry.record.member.id !== member.id) {
      throw new UserError('not_allowed', wordsOf(language).notYours(entry.record.member.name));
    }
    return entry;
  };

  const take = async (command: AnimateCommand, trace: string | undefined): Promise<{ renderId: string }> => {
    const id = toRenderId(platform.name, command.eventId);
    const known = await queue.find(id);
    if (known) {
      if (!known.ref) await begin(known.record, command.open);
      return { renderId: id };
    }
    await moderation.requireWelcome(command);
    if (!command.picture) {
      throw new UserError(
        'picture_missing',
        'Expected a picture to animate, got none. Attach a PNG, JPEG or WebP and send it again.',
      );
    }
    const parsed = typeof command.text === 'string' ? parseCommand(command.text) : command.text;
    const named = 'filename' in command.picture ? [command.picture.filename] : [];
    await moderation.requireDecentWords(command.member, [parsed.prompt, parsed.negative, ...named], id);
    const picture =
      'ofRender' in command.picture
        ? await pictureOf(await entryOf(command.picture.ofRender, command.language))
        : await intake.normalise(command.picture.bytes, command.picture.filename);
    await begin(await admit(id, command, parsed, picture, trace), command.open);
    return { renderId: id };
  };

  /** A render like an earlier one, but for what a button changes. */
  const renew = async (
    { eventId, open, ...press }: ButtonPress,
    earlier: RenderEntry,
    changes: Partial<ParsedCommand>,
    trace: string | undefined,
    which: 'first' | 'last' = 'first',
  ): Promise<void> => {
    const id = toRenderId(platform.name, eventId);
    const known = await queue.find(id);
    if (known?.ref) return;
    const command = { ...earlier.record.request, ...changes };
    // The words were fine when they were typed: they are refused if that has changed, and not held against anybody.
    await moderation.requireDecentWords(press.member, [command.prompt, command.negative]);
    const record = known?.record ?? (await admit(id, press, command, await pictureOf(earlier, which), trace));
    await begin(record, open);
  };

  const cancel = async (renderId: string, words: Words): Promise<string> => {
    const answer = await queue.cancel(renderId);
    switch (answer) {
      case 'unknown':
      case 'ended':
        return words.nothingToCancel;
      case 'removed':
        return words.cancelledInTime;
      case 'stopping':
        return words.stopping;
    }
  };

  const remove = async ({ record, ref, outcome }: RenderEntry): Promise<void> => {
    if (!outcome) await queue.cancel(record.id);
    await inOrder(record.id, async () => {
      await records.markDeleted(record.id, platform.name);
      await Promise.all([store.remove(record.request.image), store.remove(clipKey(record.id))]);
      if (ref) await platform.update(ref, toOutcomeView(record, { kind: 'deleted' }));
    });
  };

  const act = async (button: ButtonPress, trace: string | undefined): Promise<string> => {
    const words = wordsOf(button.language);
    const entry = await ownEntryOf(button);
    if (button.action !== 'cancel' && button.action !== 'delete') await moderation.requireWelcome(button);
    switch (button.action) {
      case 'again':
        await renew(button, entry, { seed: undefined }, trace);
        return words.onceMore;
      case 'larger':
        await renew(button, entry, { resolution: '720p' }, trace);
        return words.larger;
      case 'extend':
        await renew(button, entry, { seed: undefined }, trace, 'last');
        return words.extended;
      case 'cancel':
        return cancel(button.renderId, words);
      case 'delete':
        await remove(entry);
        return words.deletedNow;
    }
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

  const accept: Handlers['accept'] = async ({ member, language }) => {
    await moderation.accept(member);
    return wordsOf(language).trust.accepted;
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

  /** What is told in the place of a clip that nobody should see. */
  const withoutIndecentClip = async ({ record }: RenderEntry, outcome: Outcome): Promise<Outcome> => {
    if (outcome.kind !== 'done') return outcome;
    const isDecent = await moderation.isDecentClip(async () => {
      const stored = await store.read(outcome.clip);
      if (!stored) throw new OperationError('clip_missing', `The clip of ${record.id} is not in the store.`);
      return clipTools.sample(await buffer(stored.stream));
    });
    if (isDecent) return outcome;
    const message = 'The clip came out as something that is not shown here.';
    const refused: Outcome = { kind: 'failed', code: 'refused', message, seconds: outcome.seconds };
    await records.withdraw(record.id, refused);
    await limits.giveBack(record, refused);
    await store.remove(outcome.clip);
    log.info({ renderId: record.id, memberId: record.member.id }, 'A clip was refused');
    return refused;
  };

  const recall: Handlers['recall'] = async (button) => (await ownEntryOf(button)).record.request;

  const toClip = (renderId: string, outcome: Outcome): Clip | undefined => {
    if (outcome.kind !== 'done') return undefined;
    const { clip: key, result } = outcome;
    const read = async () => {
      const stored = await store.read(key);
      if (!stored) throw new OperationError('clip_missing', `The clip of ${renderId} is not in the store.`);
      return stored.stream;
    };
    return {
      key,
      filename: `${renderId}.mp4`,
      result,
      read,
      shrink: async (maxBytes) => clipTools.shrink(await buffer(await read()), maxBytes),
      link: (seconds) => store.link(key, seconds),
    };
  };

  const deliver = async ({ record }: RenderEntry): Promise<void> => {
    await inOrder(record.id, async () => {
      // Read again in turn: it may have been deleted while this waited.
      const entry = await queue.find(record.id);
      if (!entry?.ref || !entry.outcome || entry.isDelivered) return;
      const found = await withoutMissingClip(store, entry.outcome);
      const names = { renderId: record.id, memberId: record.member.id };
      if (found !== entry.outcome) log.error(names, 'The clip is not in the store; is DATA_FOLDER shared?');
      const outcome = await withoutIndecentClip(entry, found);
      const view = toOutcomeView(record, outcome);
      const { ref } = entry;
      await tracer.span('deliver', { parent: record.trace, attributes: { outcome: outcome.kind } }, () =>
        platform.deliver(ref, view, toClip(record.id, outcome)),
      );
      meter?.delivered(platform.name, (now() - record.createdAt) / 1000);
      log.info({ ...names, outcome: outcome.kind }, 'Delivered');
    });
  };

  let lastEventAt: number | undefined;
  /** What every act of a member leaves behind: when it was, a trace that it begins, and what it was refused for. */
  const attended = async <Answer>(
    name: string,
    act: (trace: string | undefined) => Promise<Answer>,
  ): Promise<Answer> => {
    lastEventAt = now();
    try {
      return await tracer.span(name, { attributes: { platform: platform.name } }, ({ context }) => act(context));
    } catch (error) {
      if (error instanceof UserError) meter?.refused(platform.name, error.code);
      throw error;
    }
  };

  const onRetry = (renderId: string): void => {
    // Its own bots are told by its events; they follow what they know.
    if (renderId.startsWith(`${platform.name}-`)) narrator.follow(renderId);
  };
  const administer = createAdmin({ ...options, platform: platform.name, onRetry, log });
  const left: Handlers['left'] = (asking) => admission.describeLeft({ platform: platform.name, ...asking });
  const handlers: Handlers = {
    animate: (command) => attended('command', (trace) => take(command, trace)),
    press: (button) => attended('press', (trace) => act(button, trace)),
    accept,
    forget,
    recent,
    recall,
    left,
    administer,
    health,
  };
  // First: a bot that waits for its service is one that admins want to see.
  const leaveBots = await bots.announce(randomUUID(), async () => {
    const connection = platform.connection?.() ?? { isConnected: true, pingMs: undefined };
    return { host: hostname(), platform: platform.name, version, ...connection, lastEventAt };
  });
  await platform.start(handlers).catch(async (error) => {
    await leaveBots();
    throw error;
  });
  const stopAlerts = platform.announce
    ? startAlerts({
        announce: (sentence) => platform.announce?.(sentence) ?? Promise.resolve(),
        health,
        book: createAlertBook(redis, platform.name),
        log,
      })
    : undefined;
  const deliveries = createDeliveryWorker({
    redis,
    records,
    platform: platform.name,
    deliver,
    onError: (error, renderId) => {
      if (renderId !== undefined) meter?.deliveryFailed(platform.name);
      log.warn({ err: error, ...(renderId && { renderId }) }, 'A delivery failed; it is tried again');
    },
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
    await stopAlerts?.();
    await platform.stop();
    await deliveries.close();
    await leaveBots();
  };
}

function toRequest(
  { prompt, negative, resolution, seconds, seed, quality }: ParsedCommand,
  image: string,
  picture: Size,
): RenderRequest {
  const { width, height } = outputSize(picture, resolution);
  return {
    image,
    prompt,
    negative,
    resolution,
    quality,
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
