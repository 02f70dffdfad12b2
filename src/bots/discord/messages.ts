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

/** Discord says 413 before it reads what is sent, and 40005 after. */
const PAYLOAD_TOO_LARGE = 413;
const TOO_MANY_REQUESTS = 429;
const INVALID_WEBHOOK_TOKEN = 50027;
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

    /** `once` names it: creating it again within minutes gives the same message. */
    async create(channel: string, once: string, body: Body, files?: MessageFile[]): Promise<APIMessage> {
      const nonce = createHash('sha256').update(once).digest('base64url').slice(0, 24);
      const request = withFiles({ ...body, nonce, enforce_nonce: true }, files);
      return (await rest.post(Routes.channelMessages(channel), request)) as APIMessage;
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
      const open = () => rest.post(Routes.threads(channel, message), { body }) as Promise<APIThreadChannel>;
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

const waitOf = ({ timeToReset, retryAfter }: RateLimitError): number => Math.max(timeToReset, retryAfter);

/** The message, its channel or its token are gone: there is nothing to change any more. */
export function isGone(error: unknown): boolean {
  return isRefusal(error, Code.UnknownMessage, Code.UnknownChannel, Code.UnknownWebhook, INVALID_WEBHOOK_TOKEN);
}

/** The bot has lost the right to write there, or never had it. */
export function isForbidden(error: unknown): boolean {
  return (
    isRefusal(error, Code.MissingAccess, Code.MissingPermissions, Code.ThreadLocked) ||
    isRefusal(error, Code.CannotSendMessagesToThisUser, Code.CannotSendMessagesToThisUserDueToHavingNoMutualGuilds)
  );
}

/** Discord understood and said no, whatever the reason: the same again is refused again. */
export function isRefusedForGood(error: unknown): error is DiscordAPIError {
  return error instanceof DiscordAPIError && error.status < 500 && error.status !== TOO_MANY_REQUESTS;
}

/** No thread can be opened there: the bot may not, or there are too many. */
export function isThreadRefused(error: unknown): boolean {
  return isForbidden(error) || isRefusal(error, Code.MaximumActiveThreads, Code.MaximumActiveAnnouncementThreads);
}

export function isArchived(error: unknown): boolean {
  return isRefusal(error, Code.InvalidActionOnArchivedThread);
}

export function isTooLarge(error: unknown): boolean {
  if (isRefusal(error, Code.RequestEntityTooLarge)) return true;
  return error instanceof Error && 'status' in error && error.status === PAYLOAD_TOO_LARGE;
}
