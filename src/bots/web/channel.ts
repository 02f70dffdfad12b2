// The channel's messages, kept in Redis. Knows nothing of HTTP or of who is watching.
// One hash holds a message with its whole thread, a field for each part, so that no change is a read followed by a write.
import type { Redis } from 'ioredis';
import { renderKey } from '../../queue/names.ts';
import type { Size } from '../../render.ts';
import type { MessageRef } from '../platform.ts';
import type { View } from '../view.ts';
import type { ChannelMessage, ClipLink, Picture, Reply, Stage } from './wire.ts';

export const CHANNEL_NAME = 'animate';
export const PLATFORM_NAME = 'web';

export interface NewMessage {
  id: string;
  author: string;
  text: string;
}

export interface NewReply {
  id: string;
  view: View;
  picture: Picture | undefined;
  size: Size | undefined;
}

export interface ChannelOptions {
  redis: Redis;
  /** Every key starts with it. On a cluster it must hold a hash tag: the scripts below touch several keys. */
  prefix: string;
  /** The oldest messages beyond this many are dropped. */
  keep: number;
  now: () => number;
}

export type MessageChannel = ReturnType<typeof createChannel>;

// Each script is one step: a process that dies leaves either all of it or nothing.
// KEYS: message, messages, renders. ARGV: message id, message or '', now, reply id, reply, view, render id.
const POST = `
if ARGV[2] ~= '' then
  if redis.call('HSETNX', KEYS[1], 'message', ARGV[2]) == 1 then redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) end
elseif redis.call('HEXISTS', KEYS[1], 'message') == 0 then
  return 0
end
if redis.call('HSETNX', KEYS[1], 'reply:' .. ARGV[4], ARGV[5]) == 1 then
  redis.call('HSET', KEYS[1], 'view:' .. ARGV[4], ARGV[6])
  redis.call('HSET', KEYS[3], ARGV[7], ARGV[1])
end
return 1`;

// KEYS: message, what is known of the render. ARGV: reply id, view, clip or '', stage or '', now, 1 for a view of before the end.
// One of those may be under way to Redis when its bot dies, and arrive when another bot has delivered the outcome.
const SHOW = `
if redis.call('HEXISTS', KEYS[1], 'reply:' .. ARGV[1]) == 0 then return 0 end
if ARGV[6] == '1' and redis.call('HEXISTS', KEYS[2], 'outcome') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'view:' .. ARGV[1], ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'clip:' .. ARGV[1], ARGV[3]) end
if ARGV[4] ~= '' then redis.call('HSETNX', KEYS[1], 'stage:' .. ARGV[1] .. ':' .. ARGV[4], ARGV[5]) end
return 1`;

// KEYS: message, messages, renders. ARGV: message id, reply id, render id, what is left of the message where it goes with this
// reply, else empty. Answers whether the message is still there.
const REMOVE = `
redis.call('HDEL', KEYS[3], ARGV[3])
local others = false
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local kind, id = string.match(field, '^(%a+):([^:]+)')
  if id == ARGV[2] then redis.call('HDEL', KEYS[1], field)
  elseif kind == 'reply' then others = true end
end
if others then
  if ARGV[4] ~= '' and redis.call('HEXISTS', KEYS[1], 'message') == 1 then redis.call('HSET', KEYS[1], 'message', ARGV[4]) end
  return 1
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 0`;

export function createChannel({ redis, prefix, keep, now }: ChannelOptions) {
  const messages = `${prefix}messages`;
  const renders = `${prefix}renders`;
  const keyOf = (messageId: string) => `${prefix}message:${messageId}`;
  const refTo = (messageId: string, replyId: string): MessageRef => {
    return { platform: PLATFORM_NAME, channel: CHANNEL_NAME, message: replyId, thread: messageId };
  };

  async function post(messageId: string, message: NewMessage | undefined, reply: NewReply) {
    const { view, ...rest } = reply;
    const sentAt = now();
    const isPosted = await redis.eval(
      POST,
      3,
      ...[keyOf(messageId), messages, renders],
      ...[messageId, message === undefined ? '' : JSON.stringify({ ...message, sentAt }), sentAt],
      ...[reply.id, JSON.stringify({ ...rest, sentAt }), JSON.stringify(view), view.renderId],
    );
    return isPosted === 1 ? refTo(messageId, reply.id) : undefined;
  }

  async function read(messageId: string): Promise<ChannelMessage | undefined> {
    return toMessage(await redis.hgetall(keyOf(messageId)));
  }

  /** The thread that a render was posted in. */
  async function threadOf(renderId: string): Promise<string | undefined> {
    return (await redis.hget(renders, renderId)) ?? undefined;
  }

  async function drop(messageId: string, message: ChannelMessage | undefined): Promise<void> {
    const renderIds = message?.replies.map((reply) => reply.view.renderId) ?? [];
    const step = redis.multi().del(keyOf(messageId)).zrem(messages, messageId);
    if (renderIds.length > 0) step.hdel(renders, ...renderIds);
    await step.exec();
  }

  return {
    read,

    /** Posts a command and the first reply in its thread. Doing it again finds what is there. */
    async open(message: NewMessage, reply: NewReply): Promise<MessageRef> {
      await post(message.id, message, reply);
      return refTo(message.id, reply.id);
    },

    /** Posts another reply in a thread; undefined when the thread is gone. */
    async reply(messageId: string, reply: NewReply): Promise<MessageRef | undefined> {
      return await post(messageId, undefined, reply);
    },

    threadOf,

    /** The reply that shows a render. */
    async find(renderId: string): Promise<MessageRef | undefined> {
      const thread = await threadOf(renderId);
      const message = thread === undefined ? undefined : await read(thread);
      const reply = message?.replies.find(({ view }) => view.renderId === renderId);
      return message && reply && refTo(message.id, reply.id);
    },

    /** False when there is no such reply any more, or when it has come to its end meanwhile. */
    async show(ref: MessageRef, view: View, clip: ClipLink | undefined): Promise<boolean> {
      const stage = view.kind === 'rendering' ? stageOf(view.headline) : '';
      const clipText = clip === undefined ? '' : JSON.stringify(clip);
      const isBeforeEnd = view.kind === 'waiting' || view.kind === 'rendering';
      const keys = [keyOf(ref.thread), renderKey(view.renderId)];
      const args = [ref.message, JSON.stringify(view), clipText, stage, now(), isBeforeEnd ? 1 : 0];
      return (await redis.eval(SHOW, 2, ...keys, ...args)) === 1;
    },

    /** False when the message went with its last reply. Before that its words and its author go with the reply to them. */
    async remove(ref: MessageRef, renderId: string): Promise<boolean> {
      const keys = [keyOf(ref.thread), messages, renders];
      const message = isOwnReply(ref) ? await read(ref.thread) : undefined;
      const left = message ? JSON.stringify({ id: message.id, author: '', text: '', sentAt: message.sentAt }) : '';
      return (await redis.eval(REMOVE, 3, ...keys, ref.thread, ref.message, renderId, left)) === 1;
    },

    /** Drops the oldest messages beyond the cap, and answers which went. */
    async trim(): Promise<string[]> {
      const dropped = await redis.zrange(messages, 0, String(-(keep + 1)));
      for (const id of dropped) await drop(id, await read(id));
      return dropped;
    },

    /** Drops the messages of before this time in whose threads nothing is newer, and answers which went. */
    async forgetBefore(time: number): Promise<string[]> {
      const dropped: string[] = [];
      for (const id of await redis.zrangebyscore(messages, '-inf', `(${time}`)) {
        const message = await read(id);
        if (message?.replies.some(({ sentAt }) => sentAt >= time)) continue;
        await drop(id, message);
        dropped.push(id);
      }
      return dropped;
    },

    /** The newest messages, oldest first. */
    async latest(count: number): Promise<ChannelMessage[]> {
      const ids = await redis.zrange(messages, -count, '-1');
      const found = await Promise.all(ids.map(read));
      return found.filter((message) => message !== undefined);
    },
  };
}

/** The reply to the command itself; later ones in its thread come from buttons. Their ids are told apart by the first letter. */
function isOwnReply({ thread, message }: MessageRef): boolean {
  return thread.slice(1) === message.slice(1);
}

function toMessage(fields: Record<string, string>): ChannelMessage | undefined {
  if (fields.message === undefined) return undefined;
  const replies: Reply[] = [];
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith('reply:')) continue;
    const id = field.slice('reply:'.length);
    const { [`view:${id}`]: view, [`clip:${id}`]: clip } = fields;
    if (view === undefined) continue;
    replies.push({
      ...(JSON.parse(value) as Pick<Reply, 'id' | 'sentAt' | 'picture' | 'size'>),
      view: JSON.parse(view) as View,
      clip: clip === undefined ? undefined : (JSON.parse(clip) as ClipLink),
      stages: toStages(fields, `stage:${id}:`),
    });
  }
  replies.sort((a, b) => a.sentAt - b.sentAt || a.id.localeCompare(b.id));
  return { ...(JSON.parse(fields.message) as Omit<ChannelMessage, 'replies'>), replies };
}

function toStages(fields: Record<string, string>, prefix: string): Stage[] {
  return Object.entries(fields)
    .filter(([field]) => field.startsWith(prefix))
    .map(([field, startedAt]) => ({ label: field.slice(prefix.length), startedAt: Number(startedAt) }))
    .sort((a, b) => a.startedAt - b.startedAt);
}

/** "Denoising, step 2 of 3" is a step of "Denoising". */
export function stageOf(headline: string): string {
  const parts = headline.split(/[,:0-9…(]/).map((part) => part.trim());
  // Some language may begin with a figure or a mark.
  return parts.find((part) => part !== '') ?? headline;
}
