// The real bot on the chat service in memory: real Redis, real files, no worker. Tests say how renders end.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { startBot } from '../../src/bots/bot.ts';
import type { ModerationSettings } from '../../src/bots/moderation.ts';
import type { AdminRequest, Handlers, Member, Platform } from '../../src/bots/platform.ts';
import type { Logger } from '../../src/log.ts';
import type { Mark } from '../../src/media/clip-tools.ts';
import { createFileStore } from '../../src/media/files.ts';
import type { Intake } from '../../src/media/intake.ts';
import type { Store } from '../../src/media/store.ts';
import type { Classifier } from '../../src/moderation/classifier.ts';
import { createAudit } from '../../src/queue/audit.ts';
import { createBlocks } from '../../src/queue/blocks.ts';
import { createBotRoster } from '../../src/queue/bot-roster.ts';
import { createConsents } from '../../src/queue/consents.ts';
import { createDeliveries } from '../../src/queue/deliveries.ts';
import { createDurationLog } from '../../src/queue/durations.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { gatherHealth } from '../../src/queue/gather-health.ts';
import { createLimits } from '../../src/queue/limits.ts';
import { createLine } from '../../src/queue/line.ts';
import { createQuarantine } from '../../src/queue/quarantine.ts';
import { createRenderQueue } from '../../src/queue/queue.ts';
import { createRecords, type Outcome } from '../../src/queue/records.ts';
import { createRoster } from '../../src/queue/roster.ts';
import { createRules } from '../../src/queue/rules.ts';
import { createStrikes } from '../../src/queue/strikes.ts';
import { createWordList } from '../../src/queue/word-list.ts';
import { clipOf } from '../bots/web/fixtures.ts';
import { createFakePlatform, type ShownMessage } from './platform.ts';
import type { TestRedis } from './redis.ts';
import { KEEP_MS } from './retention.ts';

export const GRACE: Member = { id: 'grace', name: 'Grace' };
export const PICTURE = { bytes: Buffer.from('a picture'), filename: 'ada.png' };

export const SHAPE = { width: 832, height: 480 };

export interface TestBotOptions {
  settings?: Partial<ModerationSettings>;
  classifier?: Classifier;
  store?: Store;
  /** In the place of one that takes all bytes for a picture. */
  normalise?: Intake['normalise'];
  /** In the place of one that makes no clip smaller. */
  shrink?: (clip: Buffer, maxBytes: number) => Promise<Buffer | undefined>;
  /** In the place of one that leaves clips as they are. */
  mark?: Mark;
  isAiLabelled?: boolean;
  /** What the service keeps: that of another bot, for one that works beside it. */
  channel?: Map<string, ShownMessage>;
}

export const startTestBot = (server: TestRedis, options: TestBotOptions = {}) =>
  startBotOn(server, () => createFakePlatform(options.channel && { channel: options.channel }), options);

/** `create` makes the platform from what every adapter needs. */
export async function startBotOn<P extends Platform>(
  server: TestRedis,
  create: (given: { redis: Redis; store: Store; log: Logger }) => P,
  { settings, classifier, store: given, normalise, shrink, mark, isAiLabelled = true }: TestBotOptions = {},
) {
  const redis = new Redis({ ...server.options, maxRetriesPerRequest: null });
  const folder = await mkdtemp(join(tmpdir(), 'bot-'));
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const store = given ?? createFileStore(folder);
  const records = createRecords(redis, KEEP_MS);
  const [line, estimates, roster, rules] = [
    createLine(redis),
    createEstimates(redis),
    createRoster(redis),
    createRules(redis),
  ];
  const [quarantine, bots, durations] = [
    createQuarantine(redis, KEEP_MS),
    createBotRoster(redis),
    createDurationLog(redis),
  ];
  const limits = createLimits({ redis, rules, estimates });
  const deliveries = createDeliveries(redis);
  const queue = createRenderQueue({ redis, records, line, estimates, roster, deliveries, limits, quarantine });
  const version = '0.0.0';
  const health = () => gatherHealth({ redis, queue, roster, bots, deliveries, durations, quarantine, store, version });
  const logged: string[] = [];
  const sink = new Writable({
    write(line, _encoding, done) {
      logged.push(String(line));
      done();
    },
  });
  const log = pino({ level: 'trace' }, sink);
  const platform = create({ redis, store, log });
  let handlers: Handlers | undefined;
  const start = platform.start.bind(platform);
  platform.start = async (heard) => {
    handlers = heard;
    await start(heard);
  };
  const stop = await startBot({
    ...{ bots, quarantine, rules, health, version },
    ...{ platform, redis, queue, records, store, roster, limits, now, redrawEveryMs: () => 0 },
    intake: { normalise: normalise ?? (async (bytes) => ({ png: bytes, ...SHAPE })), stop: async () => undefined },
    clipTools: {
      shrink: shrink ?? (async () => undefined),
      lastFrame: async (clip) => clip,
      sample: async (clip) => [clip],
      mark: mark ?? (async (clip) => ({ clip })),
    },
    audit: createAudit(redis),
    blocks: createBlocks(redis, now),
    strikes: createStrikes(redis, 7 * 24 * 3600 * 1000, now),
    wordList: createWordList(redis),
    consents: createConsents(redis, now),
    settings: { mostStrikes: 3, blockMs: 24 * 3600 * 1000, consentText: undefined, ...settings },
    classifier,
    isAiLabelled,
    log,
  });
  const there = (): Handlers => {
    if (!handlers) throw new Error('The bot has not started its platform');
    return handlers;
  };
  return {
    ...{ redis, platform, records, queue, store, deliveries, clock },
    handlers: there(),
    administer: (request: Omit<AdminRequest, 'by'>) => there().administer({ ...request, by: GRACE }),
    logged: () => logged.join(''),
    /** As a worker does: the clip is in the store, the outcome in the record, its delivery asked for. */
    async finish(renderId: string, clip = Buffer.from(`the clip of ${renderId}`)): Promise<void> {
      const key = `clips/${renderId}.mp4`;
      await store.write(key, clip);
      const { result } = clipOf(key);
      const outcome: Outcome = { kind: 'done', clip: key, result, seconds: 1, engineSeconds: 1 };
      await records.settle(renderId, outcome);
      const entry = await records.get(renderId);
      if (entry) await limits.giveBack(entry.record, outcome);
      if (entry) await line.leave(entry.record.request, renderId);
      await deliveries.add(platform.name, renderId);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await queue.close();
      await deliveries.close();
      redis.disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
