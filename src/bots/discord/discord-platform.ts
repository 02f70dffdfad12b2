// Discord as a Platform: logs in, takes what members do, and shows them what became of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, DiscordAPIError, Events, GuildPremiumTier, Status } from 'discord.js';
import { OperationError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import type { Connection, Handlers, Platform } from '../platform.ts';
import { createAttachments } from './attachments.ts';
import { type ClientSettings, createDiscordClient } from './client.ts';
import { registerCommands } from './commands.ts';
import { NOBODY } from './drawing.ts';
import { createFinisher } from './finisher.ts';
import { createInteractions, type Interactions, type Item } from './interactions.ts';
import { createMessages } from './messages.ts';
import { createStatusMessages } from './status-messages.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

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
  /** Where admins are told what breaks and what heals; undefined is nowhere. */
  alertChannel: string | undefined;
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
  const { token, guild, isSpoiler, alertChannel, media, inbox, notes, log, signal } = options;
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
    watchConnection(client, log);
    await logIn();
    await register();
    await inbox.work({
      handle: createFinisher({ handlers, attachments, messages, status, notes }),
      onError: (error) => log.warn({ err: error }, 'A command could not be finished'),
    });
  };

  /** Commands of an earlier start do, too: that they cannot be changed now stops nobody. */
  const register = async (): Promise<void> => {
    try {
      const isNew = await registerCommands(client.rest, client.application?.id ?? '', guild);
      if (isNew) log.info('The commands were registered with Discord');
    } catch (error) {
      log.error({ err: error }, 'The commands could not be registered; `animate-bot discord register` tries it again');
    }
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
    connection: () => connectionOf(client),
    ...(alertChannel !== undefined && {
      // The same sentence again within minutes is the same message: also for bots that cannot ask each other.
      announce: async (sentence: string) => void (await messages.create(alertChannel, sentence, plainly(sentence))),
    }),
    async stop() {
      client.removeAllListeners(Events.InteractionCreate);
      await interactions?.settled();
      await inbox.close();
      await client.destroy();
    },
  };
}

function connectionOf({ ws }: Client): Connection {
  const isConnected = ws.shards.size > 0 && ws.shards.every(({ status }) => status === Status.Ready);
  // Discord is asked every 41 seconds; until then nobody knows.
  return { isConnected, pingMs: isConnected && ws.ping >= 0 ? ws.ping : undefined };
}

function plainly(content: string): { content: string; allowed_mentions: object } {
  return { content, allowed_mentions: NOBODY };
}

/** An outage is one line when it begins and one when it ends, not one for each attempt. */
function watchConnection(client: Client, log: Logger): void {
  const away = new Set<number>();
  client.on(Events.ShardReconnecting, (shard) => {
    if (!away.has(shard)) log.warn({ shard }, 'The connection to Discord is lost; connecting again');
    away.add(shard);
  });
  const back = (shard: number): void => {
    if (away.delete(shard)) log.info({ shard }, 'Connected to Discord again');
  };
  client.on(Events.ShardResume, back);
  client.on(Events.ShardReady, back);
  client.on(Events.ShardError, (error, shard) => log.debug({ err: error, shard }, 'The connection had a fault'));
  client.on(Events.Error, (error) => log.warn({ err: error }, 'The connection to Discord had a fault'));
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
