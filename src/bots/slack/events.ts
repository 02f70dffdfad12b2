// Messages that mean a command: a mention of the bot, or a direct message to it. They are kept before Slack is told that
// they came, because Slack does not send again what it was told.
import { z } from 'zod';
import type { Origin } from './origin.ts';

const fileSchema = z.object({
  id: z.string(),
  mimetype: z.string().optional(),
  filetype: z.string().optional(),
  /** `check_file_info`: it is another organisation's, and only its id is told. */
  file_access: z.string().optional(),
});

const messageSchema = z.object({
  type: z.enum(['app_mention', 'message']),
  channel: z.string(),
  channel_type: z.string().optional(),
  subtype: z.string().optional(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  text: z.string().default(''),
  ts: z.string(),
  thread_ts: z.string().optional(),
  files: z.array(fileSchema).default([]),
});

const eventSchema = z.object({
  team_id: z.string(),
  is_ext_shared_channel: z.boolean().default(false),
  event: messageSchema,
});

export interface MessageEvent {
  origin: Origin;
  /** Without the mention. */
  text: string;
  /** The first picture, by its id in Slack. */
  file: string | undefined;
  /** Of a channel that other organisations are in, too. */
  isShared: boolean;
}

/** Undefined for what is not for the bot: others' messages, edits, its own. */
export function readMessageEvent(body: unknown): MessageEvent | undefined {
  const parsed = eventSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { team_id: team, event, is_ext_shared_channel: isShared } = parsed.data;
  const isForBot = event.type === 'app_mention' || event.channel_type === 'im';
  const isNew = event.subtype === undefined || event.subtype === 'file_share';
  if (!isForBot || !isNew || event.bot_id !== undefined || event.user === undefined) return undefined;
  const { channel, ts, user } = event;
  return {
    // Slack tells of one message by several events, each with an id of its own.
    origin: { event: toEventId(team, channel, ts), team, channel, user, thread: event.thread_ts ?? ts },
    text: unescapeText(event.text.replace(/<@[UW][A-Z0-9]+(\|[^>]*)?>/g, ' ')).trim(),
    file: event.files.find(isPicture)?.id,
    isShared,
  };
}

/** Slack's ids hold letters and numbers; its times, which name messages, a point, too. */
export function toEventId(...parts: string[]): string {
  return parts.join('-').replaceAll('.', '-');
}

export function isPicture({ mimetype, filetype, file_access }: Omit<z.infer<typeof fileSchema>, 'id'>): boolean {
  if (mimetype?.startsWith('image/') || file_access === 'check_file_info') return true;
  return /^(png|jpe?g|webp|heic|gif)$/.test(filetype ?? '');
}

/** Slack sends text with these three escaped, and links between `<` and `>`. */
function unescapeText(text: string): string {
  return text
    .replace(/<(?:https?|mailto):[^|>]*\|([^>]*)>/g, '$1')
    .replace(/<((?:https?|mailto):[^>]*)>/g, '$1')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}
