// Discord as a Platform: logs in, takes what members do, and shows them what became of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { DiscordAPIError, Events, GuildPremiumTier } from 'discord.js';
import { OperationError, UserError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Handlers, Platform } from '../platform.ts';
import { type Attachments, createAttachments } from './attachments.ts';
import { type ClientSettings, createDiscordClient } from './client.ts';
import { registerCommands } from './commands.ts';
import { NOBODY } from './drawing.ts';
import { createInteractions, describeFault, type Interactions, type Item } from './interactions.ts';
import { createMessages, isGone, type Messages } from './messages.ts';
import type { Origin } from './origin.ts';
import { createStatusMessages } from './status-messages.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const EPHEMERAL = 64;

/** A command whose acknowledgement may still be on its way to Discord, or never came there. */
const ACKNOWLEDGED_WITHIN_MS = 3000;

const SIZE_LIMITS: Partial<Record<GuildPremiumTier, number>> = {
  [GuildPremiumTier.Tier2]: 50 * 2 ** 20,
  [GuildPremiumTier.Tier3]: 100 * 2 ** 20,
};

export interface DiscordSettings extends ClientSettings {
  token: string;
  /** Commands are registered in this server alone, where they are there at once. */
  guild: string | undefined;
  /** Members and roles, by id. */
  admins: string[];
  isSpoiler: boolean;
  ageRestrictedOnly: boolean;
}

export interface DiscordPlatformOptions extends DiscordSettings {
  media: Pick<Store, 'read'>;
  inbox: Inbox<Item>;
  notes: Notes;
  maxPictureBytes: number;
  /** A button that is pressed again within this time was pressed once; 0 is never. */
  samePressMs: number;
  log: Logger;
  /** Aborted when the bot is to stop while it still logs in. */
  signal: AbortSignal;
}

export function createDiscordPlatform(options: DiscordPlatformOptions): Platform {
  const { token, guild, isSpoiler, media, inbox, notes, log, signal } = options;
  const client = createDiscordClient(options);
  const messages = createMessages(client.rest);
  const attachments = createAttachments({ maxBytes: options.maxPictureBytes, cdnUrl: options.cdnUrl });
  const status = createStatusMessages({
    messages,
    media,
    notes,
    isSpoiler,
    log,
    sizeLimitOf: (id) => SIZE_LIMITS[client.guilds.cache.get(id)?.premiumTier ?? GuildPremiumTier.None],
  });
  let interactions: Interactions | undefined;

  const start = async (handlers: Handlers): Promise<void> => {
    const taking = createInteractions({ ...options, handlers });
    interactions = taking;
    client.on(Events.InteractionCreate, (interaction) => void taking.take(interaction));
    client.on(Events.Error, (error) => log.warn({ err: error }, 'The connection to Discord had a fault'));
    client.on(Events.ShardReconnecting, (shard) => log.info({ shard }, 'Connecting to Discord again'));
    client.on(Events.ShardResume, (shard) => log.info({ shard }, 'Connected to Discord again'));
    await logIn();
    const finisher = createFinisher({ handlers, attachments, messages, status, notes });
    await inbox.work({
      handle: finisher,
      onError: (error) => log.warn({ err: error }, 'A command could not be finished'),
    });
  };

  /** Waits for Discord for as long as it is away; a token that it refuses is for the operator. */
  const logIn = async (): Promise<void> => {
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
      signal.throwIfAborted();
      try {
        if (!client.isReady()) {
          const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
          await client.login(token);
          await ready;
        }
        const isNew = await registerCommands(client.rest, client.application?.id ?? '', guild);
        if (isNew) log.info('The commands were registered with Discord');
        log.info({ user: client.user?.tag, servers: client.guilds.cache.size }, 'Connected to Discord');
        return;
      } catch (error) {
        requireOurFault(error);
        log.warn({ err: error, retryInMs: delayMs }, 'Discord cannot be reached; trying again');
        await sleep(delayMs, undefined, { signal });
      }
    }
  };

  return {
    name: 'discord',
    start,
    update: (ref, view) => status.update(ref, view),
    deliver: (ref, view, clip) => status.deliver(ref, view, clip),
    async stop() {
      client.removeAllListeners(Events.InteractionCreate);
      await interactions?.settled();
      await inbox.close();
      await client.destroy();
    },
  };
}

/** Throws what trying again cannot mend. */
function requireOurFault(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'TokenInvalid' || (error instanceof DiscordAPIError && error.status === 401)) {
    throw new OperationError(
      'setup_missing',
      'DISCORD_TOKEN: expected the token of a bot, got one that Discord refuses. Take it from the Developer Portal, Bot, Reset Token.',
      { cause: error },
    );
  }
}

interface FinisherOptions {
  handlers: Handlers;
  attachments: Attachments;
  messages: Messages;
  status: ReturnType<typeof createStatusMessages>;
  notes: Notes;
}

/** Finishes what was acknowledged. May be called again for the same item, in another process even. */
function createFinisher({ handlers, attachments, messages, status, notes }: FinisherOptions) {
  /** In the answer that the member has; where others see that, it goes and the sentence is for the member alone. */
  const tell = async (origin: Origin, sentence: string, isAnswerPublic: boolean): Promise<void> => {
    const token = await notes.get(`token:${origin.interaction}`);
    if (token === undefined) return;
    const reach = { application: origin.application, token };
    const body = { content: sentence, allowed_mentions: NOBODY };
    if (!isAnswerPublic) return void (await messages.edit(reach, '@original', body));
    await messages.remove(reach, '@original').catch((error) => {
      if (!isGone(error)) throw error;
    });
    await messages.followUp(reach, { ...body, flags: EPHEMERAL });
  };

  const animate = async (item: Extract<Item, { kind: 'animate' }>): Promise<void> => {
    const { origin, command } = item;
    const { interaction: eventId, member, language } = origin;
    const picture =
      'ofRender' in item.picture
        ? item.picture
        : { bytes: await attachments.fetch(item.picture.url), filename: item.picture.name };
    await handlers.animate({
      eventId,
      member,
      language,
      text: command,
      picture,
      open: (view) => status.open(origin, view),
    });
    if (origin.lacksForThread.length === 0) return;
    const names = origin.lacksForThread.map((name) => `**${name}**`).join(', ');
    const token = await notes.get(`token:${origin.interaction}`);
    if (token === undefined) return;
    const sentence = wordsOf(language).chat.noThread(names);
    await messages.followUp({ application: origin.application, token }, { content: sentence, flags: EPHEMERAL });
  };

  const press = async (item: Extract<Item, { kind: 'press' }>): Promise<void> => {
    const { origin, action, renderId, mayManage } = item;
    const { interaction: eventId, member, language } = origin;
    const open = (view: Parameters<typeof status.openBeside>[1]) => status.openBeside(origin, view);
    await tell(origin, await handlers.press({ eventId, action, renderId, member, language, mayManage, open }), false);
  };

  return async (item: Item, { isLast }: { isLast: boolean }): Promise<void> => {
    const { origin } = item;
    try {
      await (item.kind === 'animate' ? animate(item) : press(item));
    } catch (error) {
      // Discord never heard that the command was taken, and told the member so: then nothing is to be done.
      if (isGone(error) && isStale(origin)) return;
      if (!(error instanceof UserError) && !isLast) throw error;
      await tell(origin, describeFault(error, wordsOf(origin.language)), item.kind === 'animate' && !origin.isPrivate);
      if (!(error instanceof UserError)) throw error;
    }
  };
}

/** Discord's ids hold the time of what they name, in milliseconds since 2015. */
function isStale({ interaction }: Origin): boolean {
  const DISCORD_EPOCH_MS = 1_420_070_400_000;
  const at = Number(BigInt(interaction) >> 22n) + DISCORD_EPOCH_MS;
  return Date.now() - at > ACKNOWLEDGED_WITHIN_MS;
}
