// The few requests that the bot makes about messages and threads, over discord.js's REST client: it knows the rate limits.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type APIMessage,
  type APIThreadChannel,
  RESTJSONErrorCodes as Code,
  DiscordAPIError,
  RateLimitError,
  type REST,
  Routes,
  ThreadAutoArchiveDuration,
} from 'discord.js';
import { createInOrder } from '../in-order.ts';
import { ForeignAnswer, TokenRefused } from './answers.ts';
import { isKnown, type Meaning, meaningOf } from './error-codes.ts';

/** Discord, or what is in front of it, says 413 before it reads what is sent, and 40005 after. */
const PAYLOAD_TOO_LARGE = 413;
const MESSAGES_LOOKED_AT = 50;
/** While one command waits here, others wait behind it. */
const LONGEST_WAIT_FOR_THREAD_MS = 1500;

export interface MessageFile {
  name: string;
  data: Buffer;
  /** Alternative text, for those who cannot see it. */
  description: string;
}

type Body = Record<string, unknown>;

/** Whose token a message is reached with: the bot's own in a channel, or that of an interaction. */
export type Reach = { channel: string } | { application: string; token: string };

export type Messages = ReturnType<typeof createMessages>;

export function createMessages(rest: REST) {
  // discord.js sends what waits for a route's first answer beside what comes after that answer, and so more than Discord allows.
  const openInOrder = createInOrder();

  const withFiles = (body: Body, files: MessageFile[] | undefined) => {
    if (!files) return { body };
    const attachments = files.map(({ name, description }, id) => ({ id: String(id), filename: name, description }));
    // What is not listed is taken off the message, so that sending it twice looks like once.
    return { body: { ...body, attachments }, files: files.map(({ name, data }) => ({ name, data })) };
  };

  const hasThread = async (message: string): Promise<boolean> => {
    try {
      await rest.get(Routes.channel(message));
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  };

  /** `once` names it: creating it again within minutes gives the same message. */
  const create = async (channel: string, once: string, body: Body, files?: MessageFile[]): Promise<APIMessage> => {
    const nonce = createHash('sha256').update(once).digest('base64url').slice(0, 24);
    const request = withFiles({ ...body, nonce, enforce_nonce: true }, files);
    return (await rest.post(Routes.channelMessages(channel), request)) as APIMessage;
  };

  return {
    /** `files` are then all that the message has; without, those that it has stay. */
    async edit(reach: Reach, message: string, body: Body, files?: MessageFile[]): Promise<APIMessage> {
      const request = withFiles(body, files);
      if ('channel' in reach) {
        return (await rest.patch(Routes.channelMessage(reach.channel, message), request)) as APIMessage;
      }
      const route = Routes.webhookMessage(reach.application, reach.token, message);
      return (await rest.patch(route, { ...request, auth: false })) as APIMessage;
    },

    create,

    /**
     * The same as a reply to another message, which needs a right of its own (Read Message History): where Discord refuses that, a
     * message by itself.
     */
    async createReply(channel: string, once: string, to: string | undefined, body: Body): Promise<APIMessage> {
      if (to === undefined) return create(channel, once, body);
      const message_reference = { message_id: to, fail_if_not_exists: false };
      return create(channel, once, { ...body, message_reference }).catch((error) => {
        if (!isRefusedForGood(error)) throw error;
        return create(channel, once, body);
      });
    },

    async followUp(reach: Extract<Reach, { token: string }>, body: Body): Promise<APIMessage> {
      const route = Routes.webhook(reach.application, reach.token);
      return (await rest.post(route, {
        body,
        auth: false,
        query: new URLSearchParams({ wait: 'true' }),
      })) as APIMessage;
    },

    async remove(reach: Reach, message: string): Promise<void> {
      if ('channel' in reach) await rest.delete(Routes.channelMessage(reach.channel, message));
      else await rest.delete(Routes.webhookMessage(reach.application, reach.token, message), { auth: false });
    },

    /**
     * The thread of a message; it has the message's id. `isNew` is false if an earlier life opened it. Undefined when the
     * channel opens no further one for longer than a member should wait.
     */
    async openThread(
      channel: string,
      message: string,
      name: string,
    ): Promise<{ id: string; isNew: boolean } | undefined> {
      const body = { name, auto_archive_duration: ThreadAutoArchiveDuration.OneDay };
      const route = Routes.threads(channel, message);
      const open = () => openInOrder(channel, () => rest.post(route, { body }) as Promise<APIThreadChannel>);
      try {
        const thread = await open().catch(async (error) => {
          if (!(error instanceof RateLimitError) || waitOf(error) > LONGEST_WAIT_FOR_THREAD_MS) throw error;
          await sleep(waitOf(error));
          return open();
        });
        return { id: thread.id, isNew: true };
      } catch (error) {
        if (isRefusal(error, Code.ThreadAlreadyCreatedForMessage)) return { id: message, isNew: false };
        if (!(error instanceof RateLimitError)) throw error;
        return (await hasThread(message)) ? { id: message, isNew: false } : undefined;
      }
    },

    /** The message of ours that has this button, if an earlier life posted it. */
    async findByButton(channel: string, customId: string): Promise<APIMessage | undefined> {
      const query = new URLSearchParams({ limit: String(MESSAGES_LOOKED_AT) });
      const messages = (await rest.get(Routes.channelMessages(channel), { query })) as APIMessage[];
      return messages.find(({ components }) => JSON.stringify(components ?? []).includes(`"${customId}"`));
    },

    async unarchive(thread: string): Promise<void> {
      await rest.patch(Routes.channel(thread), { body: { archived: false } });
    },

    async openDirect(member: string): Promise<string> {
      const channel = (await rest.post(Routes.userChannels(), { body: { recipient_id: member } })) as { id: string };
      return channel.id;
    },
  };
}

function isRefusal(error: unknown, ...codes: number[]): boolean {
  return error instanceof DiscordAPIError && codes.includes(Number(error.code));
}

function isMeant(error: unknown, ...meanings: Meaning[]): error is DiscordAPIError {
  return error instanceof DiscordAPIError && meanings.includes(meaningOf(error.code));
}

const waitOf = ({ timeToReset, retryAfter }: RateLimitError): number => Math.max(timeToReset, retryAfter);

/** The message, its channel or its token are gone: there is nothing to change any more. */
export function isGone(error: unknown): boolean {
  return isMeant(error, 'gone', 'token_ended');
}

/** The bot has lost the right to write there, or never had it. */
export function isForbidden(error: unknown): boolean {
  return isMeant(error, 'forbidden');
}

/** Discord understood and said no, whatever the reason: the same again is refused again. */
export function isRefusedForGood(error: unknown): error is DiscordAPIError {
  return error instanceof DiscordAPIError && !isMeant(error, 'wait', 'operator');
}

/** Discord itself said no, or refused the token for it; what is done without a thread has no need of either. */
export function isThreadRefused(error: unknown): boolean {
  return error instanceof DiscordAPIError || error instanceof TokenRefused;
}

export function isArchived(error: unknown): boolean {
  return isMeant(error, 'archived');
}

export function isTooLarge(error: unknown): boolean {
  if (isMeant(error, 'too_large')) return true;
  return error instanceof Error && 'status' in error && error.status === PAYLOAD_TOO_LARGE;
}

/** Whatever it was that answered, it was asked, and would not have it: no outage. */
export function isAnswered(error: unknown): boolean {
  return error instanceof DiscordAPIError || error instanceof ForeignAnswer || error instanceof TokenRefused;
}

/** Discord's own short reason. */
export function reasonOf({ rawError, message }: DiscordAPIError): string {
  return 'message' in rawError ? rawError.message : message;
}

/** What a log needs to know of a refusal. */
export function describeRefusal(error: unknown) {
  if (!(error instanceof DiscordAPIError)) return { err: error };
  const { code, status, method, rawError } = error;
  const errors = 'errors' in rawError ? rawError.errors : undefined;
  return { err: error, code, status, method, isKnown: isKnown(code), ...(errors !== undefined && { errors }) };
}
