// What members mention, as words of a prompt: the model reads names, dates and the names of emoji, and never Discord's ids.
// From the event as Discord sent it: nothing in it is believed to be there, or to be of the kind that is documented.
import type { BaseInteraction } from 'discord.js';
import { toPlainName, withNames } from '../typed-text.ts';

/** https://docs.discord.com/developers/reference#message-formatting */
const MENTION = /<((?:@[!&]?|#)\d{15,22}|a?:\w{1,40}:\d{15,22}|\/[^<>:]{1,100}:\d{15,22}|id:\w{1,20}(?::\d{15,22})?)>/g;
const TIME = /<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/g;
const LOCALE = /^[a-z]{2}(-([A-Z]{2}|419))?$/;
/** It goes, and with it the mark that parted it from the sentence. */
const NOTHING = '';
/** Whom nobody names is still somebody in the picture. */
const SOMEBODY = toPlainName('');

type Named = Record<string, unknown>;

/** A text of a command or a form, with each mention in words. */
export function withNamesOf(text: string, interaction: BaseInteraction, raw: unknown): string {
  const spelled = text.replace(TIME, (_, seconds: string, style = 'f') =>
    describeTime(Number(seconds), style, interaction.locale),
  );
  return withNames(spelled, MENTION, (mention) => describe(mention, interaction, raw));
}

function describe(mention: string, interaction: BaseInteraction, raw: unknown): string {
  if (mention.startsWith('@&')) return nameOfRole(mention.slice(2), interaction, raw);
  if (mention.startsWith('@')) return nameOfUser(mention.replace(/\D/g, ''), interaction, raw);
  if (mention.startsWith('#')) return nameOfChannel(mention.slice(1), interaction, raw);
  if (mention.startsWith('id:')) return NOTHING;
  // An emoji's name has no spaces, so its words are parted by these.
  return mention.replace(/^(a?:|\/)|:\d+$/g, '').replaceAll('_', ' ');
}

function nameOfUser(id: string, { client, user }: BaseInteraction, raw: unknown): string {
  if (id === client.user?.id) return NOTHING;
  const { users, members } = resolvedIn(raw);
  const { member, message } = toObject(raw);
  const mentions = toObject(message).mentions;
  const mentioned = (Array.isArray(mentions) ? mentions : []).map(toObject).find((each) => each.id === id);
  const isAsking = id === user.id;
  const nicks = [
    toObject(toObject(members)[id]).nick,
    isAsking && toObject(member).nick,
    toObject(mentioned?.member).nick,
  ];
  const known = [toObject(toObject(users)[id]), mentioned ?? {}];
  const names = known.flatMap(({ global_name: name, username }) => [name, username]);
  const cached = isAsking ? user.displayName : client.users.cache.get(id)?.displayName;
  return firstName(...nicks, ...names, cached) ?? SOMEBODY;
}

function nameOfRole(id: string, { client, guildId }: BaseInteraction, raw: unknown): string {
  const { roles } = resolvedIn(raw);
  const cached = client.guilds.cache.get(guildId ?? '')?.roles.cache.get(id)?.name;
  return firstName(toObject(toObject(roles)[id]).name, cached) ?? NOTHING;
}

function nameOfChannel(id: string, { client }: BaseInteraction, raw: unknown): string {
  const { channels } = resolvedIn(raw);
  const { channel } = toObject(raw);
  const cached = client.channels.cache.get(id);
  const names = [toObject(toObject(channels)[id]), toObject(channel).id === id ? toObject(channel) : {}];
  return firstName(...names.map(({ name }) => name), cached && 'name' in cached && cached.name) ?? NOTHING;
}

/** In UTC: Discord shows it in each reader's own zone, which nobody else is told. */
function describeTime(seconds: number, style: string, locale: string): string {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return NOTHING;
  const date = /t/i.test(style) ? {} : { dateStyle: 'long' as const };
  const time = /d/i.test(style) ? {} : { timeStyle: 'short' as const };
  const known = LOCALE.test(locale) ? locale : 'en-US';
  return new Intl.DateTimeFormat(known, { ...date, ...time, timeZone: 'UTC' }).format(at);
}

function firstName(...names: unknown[]): string | undefined {
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '');
}

const resolvedIn = (raw: unknown): Named => toObject(toObject(toObject(raw).data).resolved);

function toObject(value: unknown): Named {
  return typeof value === 'object' && value !== null ? (value as Named) : {};
}
