// The role of a bot: the chat platforms, and what stands between them and the queue.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type BotOptions, startBot } from '../bots/bot.ts';
import { createDiscordPlatform } from '../bots/discord/discord-platform.ts';
import { chatRedrawMs } from '../bots/pace.ts';
import type { Platform } from '../bots/platform.ts';
import { createSlackPlatform } from '../bots/slack/slack-platform.ts';
import { createPageSecrets, linkOf } from '../bots/web/page-secrets.ts';
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
import { createPages } from '../queue/pages.ts';
import { createRenderQueue } from '../queue/queue.ts';
import { createRetention } from '../queue/retention.ts';
import { createVault } from '../queue/vault.ts';
import type { Base } from './base.ts';
import { openMark } from './mark.ts';
import { packageFolder, pythonOf, version } from './package.ts';
import type { BotRoleOptions } from './role.ts';
import { openTrust } from './trust.ts';

/** A page is redrawn as it happens. */
const WEB_REDRAW_MS = 200;
const SAME_PRESS_MS = 3000;

export interface ReadyPage {
  address: string;
  /** What lets a browser in; undefined where no token is asked for. */
  link: string | undefined;
}

/** Joins the chat platforms, the page first: it is there also while Discord is not. */
export async function openBot(
  { config, log, shutdown, hide }: BotRoleOptions,
  base: Base,
  onPage: (page: ReadyPage) => void,
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
  const secrets = createPageSecrets(redis, config.web.token);
  const web = createWebPlatform({
    redis,
    media: store,
    pageFolder: join(packageFolder, 'dist', 'page'),
    ...config.web,
    secrets,
    maxPictureBytes: config.picture.maxBytes,
    log,
  });
  const stopWeb = await joinPlatform(web, () => WEB_REDRAW_MS).catch((error) => {
    throw toListenFault(error, 'WEB', config.web);
  });
  shutdown.onStop('chat page', stopWeb);
  const address = config.web.url ?? web.address();
  shutdown.onStop('page', await createPages(redis).announce(randomUUID(), async () => ({ address })));
  if (config.web.isOpen) {
    log.warn('WEB_TOKEN=off: every account of this machine may use the page, and is an admin of the bot');
    onPage({ address, link: undefined });
  } else {
    const token = await secrets.token();
    hide(token);
    onPage({ address, link: linkOf(address, token) });
  }
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
