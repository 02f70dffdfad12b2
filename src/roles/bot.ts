// The role of a bot: the chat platforms, and what stands between them and the queue.
import { join } from 'node:path';
import { type BotOptions, startBot } from '../bots/bot.ts';
import { createDiscordPlatform } from '../bots/discord/discord-platform.ts';
import { chatRedrawMs } from '../bots/pace.ts';
import type { Platform } from '../bots/platform.ts';
import { createSlackPlatform } from '../bots/slack/slack-platform.ts';
import { createWebPlatform } from '../bots/web/web-platform.ts';
import { toListenFault } from '../listen-fault.ts';
import { createClipTools } from '../media/clip-tools.ts';
import { createIntake } from '../media/intake.ts';
import { createSandbox } from '../media/sandbox.ts';
import { createOutgoing } from '../outgoing.ts';
import { createCompaction } from '../queue/compaction.ts';
import { gatherHealth } from '../queue/gather-health.ts';
import { createInbox } from '../queue/inbox.ts';
import { createNotes } from '../queue/notes.ts';
import { createRenderQueue } from '../queue/queue.ts';
import { KEY_PREFIX } from '../queue/redis.ts';
import { createRetention } from '../queue/retention.ts';
import { createVault } from '../queue/vault.ts';
import type { Base } from './base.ts';
import { openMark } from './mark.ts';
import { packageFolder, pythonOf, version } from './package.ts';
import type { RoleOptions } from './role.ts';
import { openTrust } from './trust.ts';

/** A page is redrawn as it happens. */
const WEB_REDRAW_MS = 200;
const SAME_PRESS_MS = 3000;

/** Joins the chat platforms, the page first: it is there also while Discord is not. */
export async function openBot(
  { config, log, shutdown }: RoleOptions,
  base: Base,
  onPage: (address: string) => void,
): Promise<void> {
  const { redis, store, ops } = base;
  const outgoing = createOutgoing(config.proxies);
  const sandbox = createSandbox({ python: () => pythonOf(config) });
  const intake = createIntake({ ...config.picture, sandbox });
  shutdown.onStop('intake', () => intake.stop());
  if (['seccomp', 'none'].includes(await sandbox.kind()))
    log.warn('Whoever takes a decoder over reads our secrets: there is no whole sandbox; `doctor` says what to do');
  const queue = createRenderQueue(base);
  shutdown.onStop('queue', () => queue.close());
  const clipTools = createClipTools(
    () => pythonOf(config),
    join(packageFolder, 'python'),
    sandbox,
    await openMark(config, sandbox, log),
  );
  const health = () => gatherHealth({ ...base, queue, version });
  ops.watchQueue(() => queue.counts());
  const trust = openTrust(config, redis, sandbox);
  // One that gives no answer would refuse everybody; better not to start.
  await trust.classifier?.allows([]);
  const joinPlatform = (platform: Platform, redrawEveryMs: BotOptions['redrawEveryMs']) => {
    const isAway = () => platform.connection?.().isConnected === false;
    ops.mustBeReady(() => (isAway() ? `not connected to ${platform.name}` : undefined));
    return startBot({
      ...{ ...base, ...(ops.meter && { meter: ops.meter }), ...(ops.tracer && { tracer: ops.tracer }) },
      ...{ platform, redrawEveryMs, queue, intake, clipTools, ...trust, health, version, log },
      isAiLabelled: config.isAiLabelled,
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
    compaction: createCompaction(redis, log),
    forgetBefore: (time) => web.forgetBefore(time),
  });
  shutdown.onStop('retention', retention.start());
  // Beside each other: one of them is there also while the other is not.
  await Promise.all([joinDiscord(), joinSlack()]);

  async function joinDiscord(): Promise<void> {
    if (!config.discord) return;
    const discord = createDiscordPlatform({
      ...config.discord,
      outgoing,
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
      outgoing,
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
