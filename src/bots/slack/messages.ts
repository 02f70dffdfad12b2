// The few requests that the bot makes about messages, and what Slack's refusals of them mean.
import { createHash } from 'node:crypto';
import { type types, webApi } from '@slack/bolt';
import type { Workspace } from './workspaces.ts';

export interface MessageBody {
  /** What notifications read out, and programs that show no blocks. */
  text: string;
  blocks: types.KnownBlock[];
}

/** With words alone where there is nothing to press. */
export type Told = MessageBody | { text: string };

/** What Slack answers when something is broken on its side. */
const SLACKS_OWN_TROUBLE = [
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
  'rate_limited',
  'team_added_to_org',
];
const QUIET = { unfurl_links: false, unfurl_media: false, parse: 'none', link_names: false } as const;

/** `once` names it: posting it again gives the message that is there, because Slack knows it by `client_msg_id`. */
export async function post(
  { client }: Workspace,
  place: { channel: string; thread: string | undefined },
  once: string,
  body: Told,
): Promise<string> {
  const { channel, thread } = place;
  const answer: webApi.ChatPostMessageResponse = await client.apiCall('chat.postMessage', {
    ...{ channel, ...body, ...QUIET, client_msg_id: toUuid(once) },
    ...(thread !== undefined && { thread_ts: thread }),
  });
  return answer.ts ?? '';
}

/** Seen by one member alone, for as long as they do not reload Slack. */
export async function postPrivately(
  { client }: Workspace,
  { channel, thread, user }: { channel: string; thread: string | undefined; user: string },
  told: Told,
): Promise<void> {
  await client.chat.postEphemeral({ channel, user, ...told, ...(thread !== undefined && { thread_ts: thread }) });
}

export async function postDirectly(workspace: Workspace, user: string, once: string, told: Told): Promise<void> {
  await post(workspace, { channel: await openDirect(workspace, user), thread: undefined }, once, told);
}

export async function openDirect({ client }: Workspace, user: string): Promise<string> {
  const { channel } = await client.conversations.open({ users: user });
  return channel?.id ?? '';
}

export async function edit(
  client: webApi.WebClient,
  { channel, message }: { channel: string; message: string },
  body: MessageBody,
): Promise<void> {
  await client.chat.update({ channel, ts: message, parse: 'none', link_names: false, ...body });
}

export async function remove({ client }: Workspace, channel: string, message: string): Promise<void> {
  await client.chat.delete({ channel, ts: message });
}

/** As a version 8 UUID, which is for names of one's own: Slack wants its ids in that form. */
function toUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

export function isRefusal(error: unknown, ...codes: string[]): boolean {
  return error instanceof webApi.WebAPIPlatformError && codes.includes(error.data.error);
}

/** Slack understood and said no, whatever the reason: the same again is refused again. */
export function isRefusedForGood(error: unknown): error is webApi.WebAPIPlatformError {
  return error instanceof webApi.WebAPIPlatformError && !SLACKS_OWN_TROUBLE.includes(error.data.error);
}

/** What should be changed is not there any more. */
export function isGone(error: unknown): boolean {
  return isRefusal(
    error,
    'message_not_found',
    'cant_delete_message',
    'file_not_found',
    'file_deleted',
    'thread_not_found',
  );
}

/** The bot cannot write there: it is not in that conversation, or nobody can any more. */
export function isShutOut(error: unknown): boolean {
  return isRefusal(
    error,
    ...[
      'not_in_channel',
      'channel_not_found',
      'is_archived',
      'no_permission',
      'restricted_action',
      'user_not_in_channel',
    ],
    ...[
      'restricted_action_read_only_channel',
      'restricted_action_thread_only_channel',
      'restricted_action_non_threadable_channel',
    ],
  );
}

/** The workspace takes no file like that, and trying again does not change it. */
export function isFileRefused(error: unknown): boolean {
  return isRefusal(
    error,
    ...[
      'file_upload_size_restricted',
      'file_uploads_disabled',
      'file_uploads_except_images_disabled',
      'file_too_large',
    ],
    ...['storage_limit_reached', 'over_file_size_limit', 'restricted_plan_level', 'accesslimited', 'blocked_file_type'],
  );
}
