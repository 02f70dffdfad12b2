// Discord as a Platform: logs in, takes what members do, and shows them what became of it.
import { type Client, Events, type Interaction, Routes, Status } from 'discord.js';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import { createHeldCommands } from '../held-command.ts';
import type { Connection, Handlers, Platform } from '../platform.ts';
import { createAttachments } from './attachments.ts';
import { type ClientSettings, createDiscordRest } from './client.ts';
import { registerCommands } from './commands.ts';
import { connect } from './connection.ts';
import { NOBODY } from './drawing.ts';
import { createFinisher } from './finisher.ts';
import { createInteractions, type Interactions, type Item } from './interactions.ts';
import { createMessages } from './messages.ts';
import { createPictureFinder } from './pictures.ts';
import { createStatusMessages } from './status-messages.ts';

const CHECK_EVERY_MS = 5000;

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
  const { guild, isSpoiler, alertChannel, media, inbox, notes, log } = options;
  const tokenState = createTokenState(log);
  const { onToken } = tokenState;
  const rest = createDiscordRest({ ...options, onToken });
  const messages = createMessages(rest);
  const attachments = createAttachments({
    ...{ maxBytes: options.maxPictureBytes, cdnUrl: options.cdnUrl, fetch: options.outgoing?.fetch },
  });
  const status = createStatusMessages({ messages, media, notes, isSpoiler, log });
  const held = createHeldCommands<Item>(notes);
  let client: Client | undefined;
  let interactions: Interactions | undefined;

  const start = async (handlers: Handlers): Promise<void> => {
    const taking = createInteractions({ ...options, held, pictures: createPictureFinder(options.cdnUrl), handlers });
    interactions = taking;
    const onInteraction = (interaction: Interaction, raw: unknown) => void taking.take(interaction, raw);
    client = await connect({ ...options, onToken, onInteraction });
    await register(client.application?.id ?? '');
    await inbox.work({
      handle: createFinisher({ handlers, held, inbox, attachments, messages, status, notes, log }),
      onError: (error) => log.warn({ err: error }, 'A command could not be finished'),
    });
  };

  /** Commands of an earlier start do, too: that they cannot be changed now stops nobody. */
  const register = async (application: string): Promise<void> => {
    try {
      if (await registerCommands(rest, application, guild)) log.info('The commands were registered with Discord');
    } catch (error) {
      log.error({ err: error }, 'The commands could not be registered; `animate-bot discord register` tries it again');
    }
  };

  return {
    name: 'discord',
    start,
    update: (ref, view) => status.update(ref, view),
    deliver: (ref, view, clip) => status.deliver(ref, view, clip),
    connection() {
      tokenState.check(() => rest.get(Routes.user()));
      return { ...connectionOf(client), ...(tokenState.isRefused && { fault: TOKEN_FAULT }) };
    },
    ...(alertChannel !== undefined && {
      // The same sentence again within minutes is the same message: also for bots that cannot ask each other.
      announce: async (sentence: string) => void (await messages.create(alertChannel, sentence, plainly(sentence))),
    }),
    async stop() {
      client?.removeAllListeners(Events.InteractionCreate);
      await interactions?.settled();
      await inbox.close();
      // That this connection ends is no outage.
      client?.removeAllListeners(Events.ShardReconnecting);
      await client?.destroy();
    },
  };
}

const TOKEN_FAULT = {
  setting: 'DISCORD_TOKEN',
  sentence: 'Discord refuses the token; take a new one from the Developer Portal, Bot, Reset Token, if this lasts',
};

/** Whether Discord took the token the last time. A refusal that nothing is asked after is asked about. */
function createTokenState(log: Logger) {
  let isRefused = false;
  let checkedAt = 0;
  return {
    get isRefused() {
      return isRefused;
    },
    onToken(isIt: boolean): void {
      if (isIt && !isRefused) log.error(`${TOKEN_FAULT.setting}: ${TOKEN_FAULT.sentence}`);
      if (!isIt && isRefused) log.info('Discord takes the token again');
      isRefused = isIt;
    },
    check(ask: () => Promise<unknown>): void {
      if (!isRefused || Date.now() - checkedAt < CHECK_EVERY_MS) return;
      checkedAt = Date.now();
      void ask().catch(() => undefined);
    },
  };
}

function connectionOf(client: Client | undefined): Connection {
  if (!client) return { isConnected: false, pingMs: undefined };
  const { ws } = client;
  const isConnected = ws.shards.size > 0 && ws.shards.every(({ status }) => status === Status.Ready);
  // Discord is asked every 41 seconds; until then nobody knows.
  return { isConnected, pingMs: isConnected && ws.ping >= 0 ? ws.ping : undefined };
}

function plainly(content: string): { content: string; allowed_mentions: object } {
  return { content, allowed_mentions: NOBODY };
}
