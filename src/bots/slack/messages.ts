// The few requests that the bot makes about messages, and what Slack's refusals of them mean.
import { createHash } from 'node:crypto';
import { type types, webApi } from '@slack/bolt';
import { meaningOf } from './error-codes.ts';
import type { Workspace } from './workspaces.ts';

export interface MessageBody {
  /** What notifications read out, and programs that show no blocks. */
  text: string;
  blocks: types.KnownBlock[];
}

/** With words alone where there is nothing to press. */
export type Told = MessageBody | { text: string };

interface Where {
  channel: string;
  thread: string | undefined;
}

const QUIET = { unfurl_links: false, unfurl_media: false, parse: 'none', link_names: false } as const;

/**
 * `once` names it: posting it again gives the message that is there, because Slack knows it by `client_msg_id`. If somebody has
 * taken that one away, it is posted anew.
 */
export async function post(workspace: Workspace, place: Where, once: string, body: Told): Promise<string> {
  try {
    return await postOnce(workspace, place, once, body);
  } catch (error) {
    if (!isRefusal(error, 'duplicate_message_not_found', 'duplicate_channel_not_found')) throw error;
    return postOnce(workspace, place, `${once}:again`, body);
  }
}

async function postOnce({ client }: Workspace, { channel, thread }: Where, once: string, body: Told): Promise<string> {
  const answer: webApi.ChatPostMessageResponse = await client.apiCall('chat.postMessage', {
    ...{ channel, ...body, ...QUIET, client_msg_id: toUuid(once) },
    ...(thread !== undefined && { thread_ts: thread }),
  });
  return answer.ts ?? '';
}

/** Seen by one member alone, for as long as they do not reload Slack; in a thread only where that has a reply already. */
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

/** Slack understood and said no, whatever the reason: the same again is refused again, until somebody changes something. */
export function isRefusedForGood(error: unknown): error is webApi.WebAPIPlatformError {
  const meaning = meaningOf(error);
  return meaning !== undefined && meaning !== 'outage';
}

/** What should be changed is not there any more. */
export function isGone(error: unknown): boolean {
  return meaningOf(error) === 'gone';
}

/** The bot cannot write there: it is not in that conversation, or nobody can any more. */
export function isShutOut(error: unknown): boolean {
  return meaningOf(error) === 'forbidden';
}

/** The workspace takes no file like that, and trying again does not change it. */
export function isFileRefused(error: unknown): boolean {
  return meaningOf(error) === 'file';
}

/** Throws what passes, or what an operator can change; the rest is for good, and nothing waits for it. */
export function unlessRefused(error: unknown): void {
  if (!isRefusedForGood(error) || meaningOf(error) === 'operator') throw error;
}
