// Joins one chat service: what its members do goes to those who answer it, outcomes go back, until it is told to stop.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { UserError } from '../errors.ts';
import type { ClipTools } from '../media/clip-tools.ts';
import type { Intake } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import type { Meter } from '../meter.ts';
import { createAlertBook } from '../queue/alert-book.ts';
import { createBeginnings } from '../queue/beginnings.ts';
import type { BotRoster } from '../queue/bot-roster.ts';
import { createCompaction } from '../queue/compaction.ts';
import { createDeliveryWorker } from '../queue/deliveries.ts';
import type { Limits } from '../queue/limits.ts';
import { createParcelClaims } from '../queue/parcel-claims.ts';
import type { Records } from '../queue/records.ts';
import type { Redis } from '../queue/redis.ts';
import { createRefusedPictures } from '../queue/strikes.ts';
import { NO_TRACES, type Tracer } from '../trace.ts';
import { startAbandoned } from './abandoned.ts';
import { type AdminOptions, createAdmin } from './admin.ts';
import { createAdmission, REFUSED_PICTURES_KEPT_MS } from './admission.ts';
import { startAlerts } from './alerts.ts';
import { createButtons } from './buttons.ts';
import { createDelivery } from './delivery.ts';
import { createEarlier } from './earlier.ts';
import { createInOrder } from './in-order.ts';
import { wordsOf } from './languages/languages.ts';
import { createMarking } from './marking.ts';
import { createMemberExport } from './member-export.ts';
import { createMemberRenders } from './member-renders.ts';
import { createModeration, type ModerationOptions } from './moderation.ts';
import { createNarrator, type NarratorOptions } from './narrator.ts';
import { createParcels } from './parcels.ts';
import type { Handlers, Member, Platform } from './platform.ts';
import { createTaking } from './taking.ts';

export interface BotOptions
  extends Omit<ModerationOptions, 'platform'>,
    Omit<AdminOptions, 'platform' | 'onRetry'>,
    Pick<NarratorOptions, 'redrawEveryMs'> {
  platform: Platform;
  redis: Redis;
  records: Records;
  store: Store;
  intake: Intake;
  clipTools: ClipTools;
  bots: BotRoster;
  limits: Limits;
  version: string;
  /** Clips of models say that they were made with AI. */
  isAiLabelled: boolean;
  meter?: Meter;
  tracer?: Tracer;
}

/** Joins a platform and serves it until the returned function is called. */
export async function startBot(options: BotOptions): Promise<() => Promise<void>> {
  const { platform, redis, queue, records, store, intake, clipTools, bots, limits, health, version, meter } = options;
  const { redrawEveryMs, isAiLabelled, tracer = NO_TRACES, now = Date.now } = options;
  const log = options.log.child({ platform: platform.name });
  const inOrder = createInOrder();
  const narrator = createNarrator({ platform, queue, inOrder, redrawEveryMs, log, now });
  const moderation = createModeration({ ...options, platform: platform.name, log });
  const refusedPictures = createRefusedPictures(redis, REFUSED_PICTURES_KEPT_MS, now);
  const admission = createAdmission({ limits, queue, refusedPictures, now });
  const earlier = createEarlier({ platform: platform.name, queue, store, intake, clipTools });
  const memberRenders = createMemberRenders({ platform, queue, records, isAiLabelled, log, now });
  const beginnings = createBeginnings(redis);
  const kept = createMemberExport({ ...options, platform: platform.name, refusedPictures, beginnings, now });
  const sendKept = createParcels({
    kept,
    store,
    ...createParcelClaims(redis, platform.name),
    inOrder: createInOrder(),
  });
  const taking = createTaking({
    ...{ platform: platform.name, queue, records, beginnings, store, intake, earlier, moderation, admission },
    ...{ meter, log, now },
    onBegun: narrator.follow,
  });
  const act = createButtons({ queue, earlier, moderation, taking });
  const marking = createMarking({ store, clipTools, records, log });
  const delivery = createDelivery({
    ...{ platform, queue, records, store, clipTools, limits },
    ...{ moderation, marking, isAiLabelled, inOrder, meter, tracer, log, now },
  });
  const administer = createAdmin({
    ...{ ...options, platform: platform.name, log },
    onRetry: (renderId) => {
      // Its own bots are told by its events; they follow what they know.
      if (renderId.startsWith(`${platform.name}-`)) narrator.follow(renderId);
    },
  });

  let lastEventAt: number | undefined;
  /** What every act of a member leaves behind: when it was, a trace that it begins, and what it was refused for. */
  const attended = async <Answer>(
    name: string,
    member: Member,
    act: (trace: string | undefined) => Promise<Answer>,
  ): Promise<Answer> => {
    lastEventAt = now();
    try {
      return await tracer.span(name, { attributes: { platform: platform.name } }, ({ context }) => act(context));
    } catch (error) {
      if (error instanceof UserError) {
        meter?.refused(platform.name, error.code);
        log.info({ memberId: member.id, code: error.code, what: name }, 'Refused');
      }
      throw error;
    }
  };

  const handlers: Handlers = {
    animate: (command) => attended('command', command.member, (trace) => taking.take(command, trace)),
    isTaken: taking.isTaken,
    whileUnderWay: narrator.whileUnderWay,
    press: (press) => attended('press', press.member, (trace) => act(press, trace)),
    recent: memberRenders.recent,
    forget: memberRenders.forget,
    kept,
    sendKept: (asked) => attended('export', asked.member, () => sendKept(asked)),
    recall: async (press) => (await earlier.findFor(press, press.renderId)).record.request,
    left: (asking) => admission.describeLeft({ platform: platform.name, ...asking }),
    async accept({ member, language }) {
      await moderation.accept(member);
      return wordsOf(language).trust.accepted;
    },
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
  const compaction = createCompaction(redis, log);
  const stopCompaction = compaction.start();
  const deliveries = createDeliveryWorker({
    redis,
    records,
    platform: platform.name,
    ...delivery,
    onRemoved: compaction.ask,
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
  const stopAbandoned = startAbandoned({ platform, beginnings, queue, store, taking, admission, log, now });

  return async () => {
    stopAbandoned();
    stopCompaction();
    await stopWatching();
    narrator.stop();
    await stopAlerts?.();
    await platform.stop();
    await deliveries.close();
    await leaveBots();
  };
}
