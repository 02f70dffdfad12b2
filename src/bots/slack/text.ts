// What a member wrote on Slack, as they saw it: Slack sends links, channels, groups and dates between `<` and `>`.
import { withNames } from '../typed-text.ts';

const ENTITY = /<([^<>|]*)(?:\|([^<>]*))?>/g;
const USER = /^@([UW][A-Z0-9]{1,20})$/;
const MENTION = /<@([UW][A-Z0-9]{1,20})>/g;

/** More are somebody: each name costs a question to Slack. */
const MAX_NAMES = 5;

export interface WrittenText {
  /** Mentions of people stay as `<@U123>`: their names are not in the message. */
  text: string;
  /** Who is mentioned, by id, each once. */
  mentioned: string[];
}

/** See https://docs.slack.dev/messaging/formatting-message-text. */
export function readWrittenText(raw: string): WrittenText {
  const mentioned = new Set<string>();
  const text = raw
    .replace(ENTITY, (_, inner: string, label: string | undefined) => {
      const [, user] = USER.exec(inner) ?? [];
      if (user === undefined) return toText(inner, label ?? '');
      mentioned.add(user);
      return `<@${user}>`;
    })
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
  return { text, mentioned: [...mentioned] };
}

function toText(inner: string, label: string): string {
  if (inner.startsWith('#')) return label === '' ? 'channel' : `#${label}`;
  if (inner.startsWith('!subteam^')) return label || 'everyone';
  if (inner.startsWith('!date^')) return label;
  if (inner.startsWith('!')) return label || `@${inner.slice(1)}`;
  return label || inner.replace(/^(tel|mailto):/, '');
}

/** The words alone: what is left when nobody is mentioned. */
export function withoutMentions(text: string): string {
  return withNames(text, MENTION, () => '');
}

/** The words with the names of those who are mentioned; the bot's own goes. */
export async function withNamesOf(
  { text, mentioned }: WrittenText,
  bot: string,
  nameOf: (user: string) => Promise<string>,
): Promise<string> {
  const others = mentioned.filter((user) => user !== bot).slice(0, MAX_NAMES);
  const found = await Promise.all(others.map(async (user) => [user, await nameOf(user)] as const));
  const names = new Map<string, string>([...mentioned.map((user) => [user, 'someone'] as const), ...found, [bot, '']]);
  return withNames(text, MENTION, (user) => names.get(user));
}
