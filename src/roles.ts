// Puts the parts together: what a bot, a worker and a whole installation on one machine consist of.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BotOptions, startBot } from './bots/bot.ts';
import { createDiscordPlatform } from './bots/discord/discord-platform.ts';
import { chatRedrawMs } from './bots/pace.ts';
import type { Platform } from './bots/platform.ts';
import { createSlackPlatform } from './bots/slack/slack-platform.ts';
import { createWebPlatform } from './bots/web/web-platform.ts';
import type { Config } from './config.ts';
import { OperationError } from './errors.ts';
import { makePrivateFolder, socketFolderOf } from './folders.ts';
import { describeTooSmall, resolutionsOf } from './gpu/capacity.ts';
import { chooseGpus, findGpus } from './gpu/devices.ts';
import { createDockerRuntime } from './gpu/docker.ts';
import { Ladder, rungsOf } from './gpu/ladder.ts';
import { Pool } from './gpu/pool.ts';
import { createProcessRuntime } from './gpu/process.ts';
import { createGpuReadings } from './gpu/readings.ts';
import type { Runtime, Slot } from './gpu/runtime.ts';
import { toListenFault } from './listen-fault.ts';
import type { Logger } from './log.ts';
import { createClipTools } from './media/clip-tools.ts';
import { createFileStore } from './media/files.ts';
import { createIntake } from './media/intake.ts';
import { createS3Store } from './media/s3.ts';
import type { Store } from './media/store.ts';
import type { Classifier } from './moderation/classifier.ts';
import { createProgramClassifier } from './moderation/program-classifier.ts';
import { holdLock } from './ops/lock.ts';
import { type Ops, openOps } from './ops/ops.ts';
import { startRedisServer } from './ops/redis-server.ts';
import type { Shutdown } from './ops/shutdown.ts';
import { createAudit } from './queue/audit.ts';
import { createBlocks } from './queue/blocks.ts';
import { type BotRoster, createBotRoster } from './queue/bot-roster.ts';
import { createConsents } from './queue/consents.ts';
import { createDeliveries, type Deliveries } from './queue/deliveries.ts';
import { createDurationLog, type DurationLog } from './queue/durations.ts';
import { startEngineSweep } from './queue/engine-files.ts';
import { createEstimates, type Estimates } from './queue/estimates.ts';
import { gatherHealth } from './queue/gather-health.ts';
import { createInbox } from './queue/inbox.ts';
import { createLimits, type Limits } from './queue/limits.ts';
import { createLine, type Line } from './queue/line.ts';
import { createNotes } from './queue/notes.ts';
import { createQuarantine, type Quarantine } from './queue/quarantine.ts';
import { createRenderQueue } from './queue/queue.ts';
import { createRecords, type Records } from './queue/records.ts';
import { connectRedis, KEY_PREFIX, type Redis } from './queue/redis.ts';
import { createRetention } from './queue/retention.ts';
import { createRoster, type Roster } from './queue/roster.ts';
import { createRules, type Rules } from './queue/rules.ts';
import { createStrikes } from './queue/strikes.ts';
import { createVault } from './queue/vault.ts';
import { createWordList } from './queue/word-list.ts';
import { startRenderWorker } from './queue/worker.ts';
import type { Resolution } from './render.ts';

/** The folder that package.json is in, from src and from dist alike. */
export const packageFolder = fileURLToPath(new URL('../', import.meta.url));

export const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };

/** A page is redrawn as it happens. */
const WEB_REDRAW_MS = 200;
const SAME_PRESS_MS = 3000;

/** What bots and workers share: Redis with all that lives in it, and the media store. */
export interface Base {
  redis: Redis;
  records: Records;
  line: Line;
  estimates: Estimates;
  roster: Roster;
  deliveries: Deliveries;
  limits: Limits;
  durations: DurationLog;
  quarantine: Quarantine;
  bots: BotRoster;
  rules: Rules;
  store: Store;
  ops: Ops;
}

export interface RoleOptions {
  config: Config;
  log: Logger;
  shutdown: Shutdown;
}

/** The Python that runs render servers: the configured one, or the virtual environment that `npm start` makes. */
export function pythonOf({ python }: Config): string {
  if (python === undefined) {
    const own = join(packageFolder, '.venv', 'bin', 'python');
    if (existsSync(own)) return own;
    throw missing('The Python environment is missing. Run `npm start` once, or set PYTHON.');
  }
  // A bare name is looked up on PATH by whoever runs it; a path must not depend on the folder that it is run in.
  if (!python.includes('/') || existsSync(python)) return python.includes('/') ? resolve(python) : python;
  throw missing(`PYTHON: expected a Python, found nothing at ${python}.`);
}

function missing(message: string): OperationError {
  return new OperationError('setup_missing', message, { isRetryable: false });
}

const enginesFolderOf = (dataFolder: string, workerName: string): string => join(dataFolder, 'engines', workerName);

export function createRuntime(config: Config, name: string): Runtime {
  const { engine, dataFolder, runtime } = config;
  const folders = {
    socketFolder: join(socketFolderOf(dataFolder), name),
    dataFolder: enginesFolderOf(dataFolder, name),
  };
  if (runtime.kind === 'process') {
    return createProcessRuntime({
      python: pythonOf(config),
      serverFolder: join(packageFolder, 'python'),
      engine,
      ...folders,
    });
  }
  // The same data folder and name are the same worker, before and after a restart.
  return createDockerRuntime({
    ...runtime,
    owner: `${basename(socketFolderOf(dataFolder))}-${name}`,
    engine,
    ...folders,
  });
}

/** Where a worker's engines run: one on each GPU that is ours and large enough, or as many as are asked for where none is needed. */
export async function openSlots({ engine, gpus, slots }: Config, log: Logger): Promise<Slot[]> {
  if (gpus === 'none') return Array.from({ length: engine.needsGpu ? 1 : slots }, (_, index) => ({ index }));
  const chosen = chooseGpus(await findGpus(), gpus);
  if (chosen.length === 0) {
    throw missing(
      `The engine ${engine.name} needs an NVIDIA GPU, and nvidia-smi finds none on this machine. ENGINE=preview goes without.`,
    );
  }
  const tooSmall = chosen.filter((gpu) => resolutionsOf(gpu).length === 0).map(describeTooSmall);
  const large = chosen.filter((gpu) => resolutionsOf(gpu).length > 0);
  if (large.length === 0) throw missing(tooSmall.join(' '));
  for (const sentence of tooSmall) log.warn(sentence);
  return large.map((gpu, index) => ({
    index,
    gpu: { index: gpu.index, id: gpu.id },
    resolutions: resolutionsOf(gpu),
  }));
}

export function slotsHolding(slots: Slot[], resolution: Resolution): Slot[] {
  return slots.filter(({ resolutions }) => resolutions?.includes(resolution) ?? true);
}

export function openStore({ bucket, dataFolder }: Config): Store {
  return bucket ? createS3Store(bucket) : createFileStore(join(dataFolder, 'media'));
}

/** Connects to the Redis that is given, or starts one of our own where `embedded` says so. */
export async function openBase({ config, log, shutdown }: RoleOptions, redisUrl: string): Promise<Base> {
  await makePrivateFolder(config.dataFolder);
  const redis = connectRedis(redisUrl, createRedisErrorLog(log));
  shutdown.onStop('redis connection', async () => redis.disconnect());
  const deliveries = createDeliveries(redis);
  shutdown.onStop('deliveries', () => deliveries.close());
  const rules = createRules(redis);
  const estimates = createEstimates(redis);
  return {
    redis,
    records: createRecords(redis, config.keepMs),
    line: createLine(redis),
    estimates,
    roster: createRoster(redis),
    deliveries,
    durations: createDurationLog(redis),
    quarantine: createQuarantine(redis, config.keepMs),
    bots: createBotRoster(redis),
    limits: createLimits({ redis, rules, estimates }),
    rules,
    store: openStore(config),
    ops: await openOps({ config, version, log, shutdown }, redis),
  };
}

/** Starts the Redis of this data folder; refuses if another animate-bot already runs on it. */
export async function openEmbeddedRedis({ config, log, shutdown }: RoleOptions): Promise<string> {
  const socketFolder = await makePrivateFolder(socketFolderOf(config.dataFolder));
  const release = await holdLock(
    join(socketFolder, 'start.lock'),
    `Another animate-bot is running on ${config.dataFolder}. Stop it, or give this one its own DATA_FOLDER.`,
  );
  shutdown.onStop('lock', release);
  const server = await startRedisServer({ dataFolder: config.dataFolder, socketFolder, python: pythonOf(config), log });
  shutdown.onStop('redis', () => server.stop());
  return server.url;
}

/** Joins the chat platforms, the page first: it is there also while Discord is not. */
export async function openBot(
  { config, log, shutdown }: RoleOptions,
  base: Base,
  onPage: (address: string) => void,
): Promise<void> {
  const { redis, store, ops } = base;
  const intake = createIntake(config.picture);
  shutdown.onStop('intake', () => intake.stop());
  const queue = createRenderQueue(base);
  shutdown.onStop('queue', () => queue.close());
  const clipTools = createClipTools(() => pythonOf(config), join(packageFolder, 'python'));
  const health = () => gatherHealth({ ...base, queue, version });
  ops.watchQueue(() => queue.counts());
  const trust = openTrust(config, redis);
  // One that gives no answer would refuse everybody; better not to start.
  await trust.classifier?.allows([]);
  const joinPlatform = (platform: Platform, redrawEveryMs: BotOptions['redrawEveryMs']) => {
    const isAway = () => platform.connection?.().isConnected === false;
    ops.mustBeReady(() => (isAway() ? `not connected to ${platform.name}` : undefined));
    return startBot({
      ...{ ...base, ...(ops.meter && { meter: ops.meter }), ...(ops.tracer && { tracer: ops.tracer }) },
      ...{ platform, redrawEveryMs, queue, intake, clipTools, ...trust, health, version, log },
    });
  };
  const web = createWebPlatform({
    redis,
    media: store,
    pageFolder: join(packageFolder, 'dist', 'page'),
    ...config.web,
    maxPictureBytes: config.picture.maxBytes,
    log,
    prefix: `${KEY_PREFIX}:web:`,
  });
  const stopWeb = await joinPlatform(web, () => WEB_REDRAW_MS).catch((error) => {
    throw toListenFault(error, 'WEB', config.web);
  });
  shutdown.onStop('chat page', stopWeb);
  onPage(web.address());
  const retention = createRetention({
    ...{ ...base, queue, notes: createNotes(redis, 'retention', config.keepMs), keepMs: config.keepMs, log },
    forgetBefore: (time) => web.forgetBefore(time),
  });
  shutdown.onStop('retention', retention.start());
  // Beside each other: one of them is there also while the other is not.
  await Promise.all([joinDiscord(), joinSlack()]);

  async function joinDiscord(): Promise<void> {
    if (!config.discord) return;
    const discord = createDiscordPlatform({
      ...config.discord,
      media: store,
      inbox: createInbox(redis, 'discord'),
      notes: createNotes(redis, 'discord', config.keepMs),
      maxPictureBytes: config.picture.maxBytes,
      samePressMs: SAME_PRESS_MS,
      log: log.child({ platform: 'discord' }),
      signal: shutdown.signal,
    });
    shutdown.onStop('discord', await joinPlatform(discord, chatRedrawMs));
  }

  async function joinSlack(): Promise<void> {
    if (!config.slack) return;
    const slack = createSlackPlatform({
      ...config.slack,
      media: store,
      inbox: createInbox(redis, 'slack'),
      notes: createNotes(redis, 'slack', config.keepMs),
      vault: createVault(redis, 'slack'),
      maxPictureBytes: config.picture.maxBytes,
      samePressMs: SAME_PRESS_MS,
      log: log.child({ platform: 'slack' }),
      signal: shutdown.signal,
    });
    shutdown.onStop('slack', await joinPlatform(slack, chatRedrawMs));
  }
}

/** Who may ask for what: kept in Redis, and the same on every platform. */
export function openTrust(config: Config, redis: Redis) {
  return {
    blocks: createBlocks(redis),
    strikes: createStrikes(redis, config.moderation.strikeMs),
    wordList: createWordList(redis),
    consents: createConsents(redis),
    audit: createAudit(redis),
    settings: config.moderation,
    classifier: openClassifier(config),
  };
}

function openClassifier(config: Config): Classifier | undefined {
  const { classifier, thresholdPercent } = config.moderation;
  if (classifier === undefined) return undefined;
  if (classifier !== 'nsfw') return createProgramClassifier({ command: () => ({ program: classifier, args: [] }) });
  const args = ['-m', 'render_server.picture_classifier', String(thresholdPercent)];
  const folder = join(packageFolder, 'python');
  return createProgramClassifier({ command: () => ({ program: pythonOf(config), args, folder }) });
}

/** Held for as long as a worker of this name runs on this data folder. */
export function workerLockOf({ dataFolder, workerName }: Config): string {
  return join(socketFolderOf(dataFolder), workerName, 'worker.lock');
}

/** Warms the engines up and takes renders off the queue. */
export async function openWorker({ config, log, shutdown }: RoleOptions, base: Base): Promise<void> {
  const name = config.workerName;
  await makePrivateFolder(dirname(workerLockOf(config)));
  const release = await holdLock(
    workerLockOf(config),
    `Another worker called ${name} is running on ${config.dataFolder}. Stop it, or give this one its own WORKER_NAME.`,
  );
  shutdown.onStop('worker lock', release);
  const slots = await openSlots(config, log);
  const runtime = createRuntime(config, name);
  const ladder = await Ladder.open({
    rungs: rungsOf(config.engine.name, config.runtime.kind),
    file: join(config.dataFolder, 'launch-ladder.json'),
    key: `${config.engine.name} in ${await runtime.identity()}`,
  });
  const pool = new Pool({
    runtime,
    slots,
    ladder,
    engineStartMs: config.engineStartMs,
    engineIdleMs: config.engineIdleMs,
    log,
  });
  shutdown.onStop('engines', () => pool.close());
  base.ops.mustBeReady(() => (pool.loaded > 0 ? undefined : 'no engine is loaded yet'));
  await pool.start();
  const { engine, engineSilenceMs: silenceMs, drainMs } = config;
  const { meter, tracer } = base.ops;
  const worker = await startRenderWorker({
    ...{ ...base, ...(meter && { meter }), ...(tracer && { tracer }) },
    pool,
    gpus: slots.some(({ gpu }) => gpu) ? createGpuReadings() : { latest: () => [] },
    describe: () => ({
      name,
      version,
      engine: engine.name,
      slots: slots.length,
      loaded: pool.loaded,
      quality: engine.quality,
      holds: { '480p': pool.holding('480p'), '720p': pool.holding('720p') },
      launched: ladder.describe(),
    }),
    silenceMs,
    drainMs,
    log,
  });
  base.ops.watchEngines(worker.engines);
  const { records } = base;
  shutdown.onStop('engine files', startEngineSweep({ folder: enginesFolderOf(config.dataFolder, name), records, log }));
  shutdown.onStop('worker', () => worker.close());
}

/** An outage is one line when it begins, not one for every attempt to reconnect. */
function createRedisErrorLog(log: Logger): (error: Error) => void {
  let lastMessage = '';
  return (error) => {
    if (error.message === lastMessage) return;
    lastMessage = error.message;
    log.warn({ err: error }, 'Redis cannot be reached; waiting for it');
  };
}
