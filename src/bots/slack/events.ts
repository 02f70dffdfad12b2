// Messages that mean a command: a mention of the bot, or a direct message to it. They are kept before Slack is told that
// they came, because Slack does not send again what it was told.
import { z } from 'zod';
import { mayBePicture, TAKEN_EXTENSIONS } from '../../media/picture-kinds.ts';
import type { Origin } from './origin.ts';
import { readWrittenText, type WrittenText } from './text.ts';

const fileSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  mimetype: z.string().nullish(),
  filetype: z.string().nullish(),
  /** `check_file_info`: it is another organisation's, and only its id is told. */
  file_access: z.string().nullish(),
});

export type SlackFile = z.infer<typeof fileSchema>;

/** What the bot goes without where it is not as Slack documents it. */
const optionalText = z.string().nullish().catch(undefined);

const messageSchema = z.object({
  type: z.enum(['app_mention', 'message']),
  channel: z.string(),
  channel_type: optionalText,
  subtype: optionalText,
  user: z.string().nullish(),
  bot_id: z.string().nullish(),
  text: optionalText,
  ts: z.string(),
  thread_ts: optionalText,
  edited: z.object({ ts: z.string() }).nullish().catch(undefined),
});

/** In a channel of several organisations the envelope is the sender's; the installation that hears it is in `authorizations`. */
const envelopeSchema = z.object({
  team_id: optionalText,
  context_team_id: optionalText,
  authorizations: z
    .array(z.object({ team_id: optionalText }).catch({}))
    .nullish()
    .catch(undefined),
  is_ext_shared_channel: z.boolean().nullish().catch(undefined),
  event: z.record(z.string(), z.unknown()),
});

/** What members write that is meant for the bot. The rest are edits, removals, people who joined. */
const WRITTEN = [undefined, null, 'file_share', 'thread_broadcast', 'me_message'];

export interface MessageEvent extends WrittenText {
  origin: Origin;
  /** By their ids in Slack: what is most likely to be a still picture comes first. `isOwn`: it was uploaded with this message. */
  pictures: { file: string; isOwn: boolean }[];
  /** Of a channel that other organisations are in, too. */
  isShared: boolean;
}

/**
 * Undefined for what is not for the bot: others' messages, edits, its own. `onUnreadable` hears what is, perhaps, and is not as
 * Slack documents it: its names, and nothing of what it says.
 */
export function readMessageEvent(
  body: unknown,
  onUnreadable: (shape: { faults: string[] }) => void = () => undefined,
): MessageEvent | undefined {
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) {
    onUnreadable({ faults: faultsOf(envelope.error) });
    return undefined;
  }
  const { event } = envelope.data;
  if (event.type !== 'app_mention' && !(event.type === 'message' && event.channel_type === 'im')) return undefined;
  if (event.type === 'message' && !WRITTEN.includes(event.subtype as string)) return undefined;
  const parsed = messageSchema.safeParse(event);
  const { team, isShared } = ourSideOf(envelope.data);
  if (!parsed.success || team === undefined) {
    onUnreadable({ faults: parsed.success ? ['no team_id'] : faultsOf(parsed.error) });
    return undefined;
  }
  const { channel, ts, user, bot_id: bot, thread_ts: thread, edited, text } = parsed.data;
  if (bot || !user) return undefined;
  const own = new Set(readPictures({ files: event.files }).map(({ id }) => id));
  return {
    origin: {
      // Slack tells of one message by several events, each with an id of its own.
      event: toEventId(team, channel, ts),
      ...{ team, channel, user, thread: thread ?? ts, isThreadThere: Boolean(thread) },
      ...(edited && { edit: toEventId(edited.ts) }),
    },
    ...readWrittenText(text ?? ''),
    pictures: readPictures(event).map(({ id }) => ({ file: id, isOwn: own.has(id) })),
    isShared,
  };
}

function ourSideOf({
  authorizations,
  context_team_id,
  team_id,
  is_ext_shared_channel,
}: z.infer<typeof envelopeSchema>) {
  const [ours] = authorizations ?? [];
  return {
    team: ours?.team_id || context_team_id || team_id || undefined,
    isShared: is_ext_shared_channel ?? false,
  };
}

function faultsOf({ issues }: z.ZodError): string[] {
  return issues.map(({ path, code }) => `${path.join('.') || 'all of it'}: ${code}`);
}

interface HoldsPictures {
  files?: unknown;
  blocks?: unknown;
  attachments?: unknown;
}

/**
 * The pictures of a message, those that it shows as blocks, too, and of one that is forwarded in it. One that cannot be read takes
 * no other away.
 */
export function readPictures(message: HoldsPictures): SlackFile[] {
  const holders = [message, ...listOf(message.attachments)].map((each) => (each ?? {}) as HoldsPictures);
  const files = holders.flatMap((each) => listOf(each.files)).flatMap((each) => fileSchema.safeParse(each).data ?? []);
  const shown = holders.flatMap(({ blocks }) => listOf(blocks)).flatMap((block) => readImageBlock(block) ?? []);
  const known = new Set<string>();
  const pictures = [...files, ...shown].filter((each) => {
    const isNew = !known.has(each.id);
    known.add(each.id);
    return isNew && isPicture(each);
  });
  return [0, 1].flatMap((rank) => pictures.filter((picture) => rankOf(picture) === rank));
}

const imageBlockSchema = z.object({ slack_file: z.object({ id: z.string() }), alt_text: z.string().nullish() });

/** A picture of Slack's in an image block, or beside a section; of others' addresses nothing is fetched. */
function readImageBlock(block: unknown): SlackFile | undefined {
  const { accessory } = (block ?? {}) as { accessory?: unknown };
  const read = imageBlockSchema.safeParse(accessory ?? block);
  if (!read.success) return undefined;
  // Slack tells of it when it is asked for.
  return { id: read.data.slack_file.id, name: read.data.alt_text, file_access: 'check_file_info' };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Moving pictures and those that nothing here opens are taken only where there is no other. */
function rankOf({ filetype, mimetype }: SlackFile): number {
  const kind = filetype || mimetype?.split('/')[1] || '';
  return kind !== 'gif' && (kind === '' || TAKEN_EXTENSIONS.includes(kind)) ? 0 : 1;
}

export function isPicture({ name, mimetype, filetype, file_access }: Omit<SlackFile, 'id'>): boolean {
  return (
    file_access === 'check_file_info' || mayBePicture({ contentType: mimetype, filename: name ?? `.${filetype ?? ''}` })
  );
}

/** Slack's ids hold letters and numbers; its times, which name messages, a point, too. */
export function toEventId(...parts: string[]): string {
  return parts.join('-').replaceAll('.', '-');
}
