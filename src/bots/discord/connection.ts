// The connection to Discord: waits while Discord is away, tells the operator what only they can mend, and logs outages.
import { once } from 'node:events';
import {
  type Client,
  DiscordAPIError,
  Events,
  GatewayCloseCodes,
  GatewayDispatchEvents,
  type Interaction,
  InteractionResponseType,
  MessageFlags,
  Routes,
} from 'discord.js';
import { OperationError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { connectPatiently } from '../connect-patiently.ts';
import { wordsOf } from '../languages/languages.ts';
import { shapeOf } from '../shape.ts';
import { TokenRefused } from './answers.ts';
import { type ClientOptions, createDiscordClient } from './client.ts';
import { NOBODY } from './drawing.ts';
import { describeFault } from './faults.ts';

export interface ConnectionOptions extends ClientOptions {
  token: string;
  /** `raw` is the event as it came: discord.js leaves out what it does not know. */
  onInteraction(interaction: Interaction, raw: unknown): void;
  /** Ends the waiting. */
  signal: AbortSignal;
}

/** Resolves when every shard is there. Throws OperationError `setup_missing` for what trying again cannot mend. */
export async function connect(options: ConnectionOptions): Promise<Client> {
  const { token, onInteraction, log, signal } = options;
  const attempt = async (): Promise<Client> => {
    // A new one for each attempt: discord.js closes a client once, and a failed login is that once.
    const client = createDiscordClient(options);
    listen(client, onInteraction, log);
    watch(client, log);
    try {
      await logIn(client, token, signal);
    } catch (error) {
      await client.destroy();
      throw error;
    }
    log.info({ user: client.user?.tag, servers: client.guilds.cache.size }, 'Connected to Discord');
    return client;
  };
  return connectPatiently({ service: 'Discord', attempt, toLastFault, log, signal });
}

function toLastFault(error: unknown): OperationError | undefined {
  if (error instanceof OperationError) return error;
  return isTokenRefused(error) ? toTokenRefused(error) : undefined;
}

async function logIn(client: Client, token: string, signal: AbortSignal): Promise<void> {
  const closedForGood = new Promise<never>((_, reject) => {
    client.once(Events.ShardDisconnect, ({ code }) => reject(toCloseFault(code)));
  });
  await Promise.race([Promise.all([once(client, Events.ClientReady, { signal }), client.login(token)]), closedForGood]);
}

interface Packet {
  t?: string;
  d?: unknown;
}

/** One event that cannot be read is left out, with a line that shows its shape; discord.js would end the process. */
function listen(client: Client, onInteraction: ConnectionOptions['onInteraction'], log: Logger): void {
  const ws = client.ws as unknown as { handlePacket(packet?: Packet, shard?: unknown): boolean };
  const handle = ws.handlePacket.bind(ws);
  let raw: unknown;
  let isHeard = false;
  ws.handlePacket = (packet, shard) => {
    raw = packet?.d;
    isHeard = false;
    try {
      const isHandled = handle(withDefaults(packet), shard);
      // discord.js is silent on the kinds that it does not know.
      if (isHandled && !isHeard && isInteraction(packet)) throw new Error('An interaction of an unknown kind');
      return isHandled;
    } catch (error) {
      const shape = shapeOf(packet?.d);
      log.error({ err: error, event: packet?.t, shape }, 'An event from Discord could not be read; it is left out');
      if (isInteraction(packet)) void answerUnread(client, packet.d, error, log);
      return false;
    } finally {
      raw = undefined;
    }
  };
  client.on(Events.InteractionCreate, (interaction) => {
    isHeard = true;
    onInteraction(interaction, raw);
  });
}

function isInteraction(packet: Packet | undefined): packet is Packet & { d: Record<string, unknown> } {
  return packet?.t === GatewayDispatchEvents.InteractionCreate && typeof packet.d === 'object' && packet.d !== null;
}

/** Its member would wait for an answer in vain. Of several bots with this token one answers; the others are refused. */
async function answerUnread(
  client: Client,
  { id, token, locale }: Record<string, unknown>,
  error: unknown,
  log: Logger,
): Promise<void> {
  if (typeof id !== 'string' || typeof token !== 'string') return;
  const words = wordsOf(typeof locale === 'string' ? locale : undefined);
  const data = { content: describeFault(error, words), flags: MessageFlags.Ephemeral, allowed_mentions: NOBODY };
  const body = { type: InteractionResponseType.ChannelMessageWithSource, data };
  try {
    await client.rest.post(Routes.interactionCallback(id, token), { body, auth: false });
  } catch (refusal) {
    log.info({ err: refusal }, 'A member could not be told that their command could not be read');
  }
}

/**
 * discord.js insists on some fields of an interaction, and on each part of a message that a menu was opened on; the bot does not, and
 * reads that message itself.
 */
function withDefaults(packet: Packet | undefined): Packet | undefined {
  if (!isInteraction(packet)) return packet;
  const given = packet.d as { data?: { resolved?: Record<string, unknown> | null; target_id?: string } | null };
  const { locale, entitlements, authorizing_integration_owners: owners } = given as Record<string, unknown>;
  const { data } = given;
  const id = data?.target_id;
  const resolved = withoutBroken(data?.resolved);
  if (id !== undefined && resolved.messages) resolved.messages = { [id]: { id } };
  return {
    ...packet,
    d: {
      ...given,
      locale: typeof locale === 'string' ? locale : 'en-US',
      ...{ entitlements: entitlements ?? [], authorizing_integration_owners: owners ?? {} },
      ...(data?.resolved && { data: { ...data, resolved } }),
    },
  };
}

/** What is resolved, by kind and id, without what is no object at all. */
function withoutBroken(resolved: Record<string, unknown> | null | undefined): Record<string, object> {
  const isObject = (entry: [string, unknown]): entry is [string, object] =>
    typeof entry[1] === 'object' && entry[1] !== null;
  const kinds = Object.entries(resolved ?? {}).filter(isObject);
  return Object.fromEntries(
    kinds.map(([kind, all]) => [kind, Object.fromEntries(Object.entries(all).filter(isObject))]),
  );
}

/** An outage is one line when it begins and one when it ends, not one for each attempt. */
function watch(client: Client, log: Logger): void {
  const away = new Set<number>();
  client.on(Events.ShardReconnecting, (shard) => {
    if (!away.has(shard)) log.warn({ shard }, 'There is no connection to Discord; connecting again');
    away.add(shard);
  });
  const back = (shard: number): void => {
    if (away.delete(shard)) log.info({ shard }, 'Connected to Discord again');
  };
  client.on(Events.ShardResume, back);
  client.on(Events.ShardReady, back);
  client.on(Events.ShardDisconnect, ({ code }, shard) =>
    log.error({ shard, err: toCloseFault(code) }, 'Discord is gone'),
  );
  client.on(Events.ShardError, (error, shard) => log.debug({ err: error, shard }, 'The connection had a fault'));
  client.on(Events.Error, (error) => log.warn({ err: error }, 'The connection to Discord had a fault'));
}

/** For the codes after which discord.js does not try again. */
function toCloseFault(code: number): OperationError {
  switch (code) {
    case GatewayCloseCodes.AuthenticationFailed:
      return toTokenRefused(undefined);
    case GatewayCloseCodes.InvalidShard:
    case GatewayCloseCodes.ShardingRequired:
      return new OperationError(
        'setup_missing',
        'DISCORD_SHARDS: expected as many connections as Discord asks of this bot, got another number. Set it to auto.',
      );
    case GatewayCloseCodes.InvalidIntents:
    case GatewayCloseCodes.DisallowedIntents:
      return new OperationError(
        'setup_missing',
        `Discord refuses the intents that the bot asks for (code ${code}). It asks for servers alone, which needs no privileged intent: is something between here and Discord changing that?`,
      );
    default:
      return new OperationError('setup_missing', `Discord closed the connection for good, with code ${code}.`);
  }
}

export function isTokenRefused(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (
    code === 'TokenInvalid' ||
    error instanceof TokenRefused ||
    (error instanceof DiscordAPIError && error.status === 401)
  );
}

export function toTokenRefused(cause: unknown): OperationError {
  return new OperationError(
    'setup_missing',
    'DISCORD_TOKEN: expected the token of a bot, got one that Discord refuses. Take it from the Developer Portal, Bot, Reset Token.',
    { cause },
  );
}
