// A view as a Discord message. Words come from view.ts; here are Discord's markup, its buttons, and nobody is ever pinged.
import {
  type APIButtonComponentWithCustomId,
  ButtonStyle,
  ComponentType,
  escapeMarkdown,
  MessageFlags,
} from 'discord.js';
import { CHOICES, type Choice } from '../held-command.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import { type Button, describeShare, type View } from '../view.ts';

const BAR_LENGTH = 12;
const LONGEST_SHOWN_PROMPT = 300;
const LONGEST_THREAD_NAME = 80;
/** Discord takes 1,024 characters of alternative text. */
const LONGEST_DESCRIPTION = 1000;

export const NOBODY = { parse: [] };

const STYLES: Record<Button, APIButtonComponentWithCustomId['style']> = {
  cancel: ButtonStyle.Secondary,
  again: ButtonStyle.Primary,
  edit: ButtonStyle.Secondary,
  larger: ButtonStyle.Secondary,
  extend: ButtonStyle.Secondary,
  delete: ButtonStyle.Danger,
};
const BUTTONS = Object.keys(STYLES) as Button[];

/** They turn what follows around, in the words of others, too. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Addresses that clients may make alive without a scheme. */
const ADDRESSES = /\bwww(?=\.)|\b(discord(app)?\.(gg|com|me|io|li)|dsc\.gg)(?=\/)/gi;

/** More than a message of Discord's holds. What escapes it takes time with the square of the length. */
const MAX_ESCAPED = 4000;

/** Everything that a member typed goes through here: no mark-up, no mention, no link of it comes alive. */
export function plain(text: string): string {
  const escaped = escapeMarkdown(cut(text, MAX_ESCAPED).replace(DIRECTIONS, ''), {
    heading: true,
    bulletedList: true,
    maskedLink: true,
  });
  return escaped
    .replace(/^-#/gm, '\\-#')
    .replace(/[<@]/g, '$&\u200b')
    .replace(/:\/\//g, ':\u200b//')
    .replace(ADDRESSES, '$&\u200b');
}

export function cut(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** The message in the channel, which the thread hangs on: what was asked, and for whom. */
export function drawStarter({ request }: View) {
  return {
    // Behind the mark of a quotation a list could begin.
    content: `> ${plain(cut(request.prompt, LONGEST_SHOWN_PROMPT)).replace(/^(>|\d+(?=[.)]))/, '\\$1')}`,
    flags: MessageFlags.SuppressEmbeds,
    allowed_mentions: NOBODY,
  } as const;
}

/** Letters, marks and spaces that look like nothing at all. */
const BLANK = /[\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** What is not seen but joins what is: families of emoji, and words in Persian and in the languages of India. */
const JOINED = ['\u200c', '\u200d'];

export function toThreadName({ request: { prompt } }: View): string {
  if (prompt.replace(BLANK, '') === '') return 'animate';
  const joined = prompt.replace(/[\p{Cc}\p{Cf}\s]+/gu, (unseen) => (JOINED.includes(unseen) ? unseen : ' '));
  return cut(joined.trim(), LONGEST_THREAD_NAME);
}

export function toDescription({ request: { prompt } }: View): string {
  return cut(prompt.replace(DIRECTIONS, ''), LONGEST_DESCRIPTION);
}

/** The status message. `extra` are lines below it. */
export function drawStatus(view: View, extra: string[] = []) {
  const { kind, headline, detail, facts, language, readyAt, fraction } = view;
  const words = wordsOf(language);
  const ready = readyAt === undefined ? '' : ` · ${words.chat.ready(toRelativeTime(readyAt))}`;
  const lines = [
    `**${headline}**${ready}`,
    kind === 'rendering' && fraction !== undefined ? drawBar(fraction, words) : '',
    detail && plain(detail),
    facts.length === 0 ? '' : `-# ${facts.map(({ label, value }) => `${label} ${plain(value)}`).join(' · ')}`,
    ...extra,
  ];
  return {
    content: lines.filter((line) => line !== '').join('\n'),
    components: drawButtons(view),
    flags: MessageFlags.SuppressEmbeds,
    allowed_mentions: NOBODY,
  } as const;
}

export function toRelativeTime(at: number): string {
  return `<t:${Math.ceil(at / 1000)}:R>`;
}

/** With its day, in each reader's own zone and notation. */
export function toTimeOfDay(at: number): string {
  return `<t:${Math.ceil(at / 1000)}:f>`;
}

function drawBar(fraction: number, words: Words): string {
  const filled = Math.round(fraction * BAR_LENGTH);
  return `${'▰'.repeat(filled)}${'▱'.repeat(BAR_LENGTH - filled)} ${describeShare(fraction, words)}`;
}

/** The button under the text that a member accepts before their first clip; of older messages, which held no command. */
export const ACCEPT = 'accept';

/** The buttons that begin a refused command again; `held` is its id. */
export function drawChoices(held: string, choices: readonly Choice[], language: string | undefined) {
  if (choices.length === 0) return [];
  const { offers, trust } = wordsOf(language);
  const components = choices.map(
    (choice, index): APIButtonComponentWithCustomId => ({
      type: ComponentType.Button,
      style: index === 0 ? ButtonStyle.Primary : ButtonStyle.Secondary,
      label: choice === 'ok' ? trust.accept : offers[choice],
      custom_id: `held:${choice}:${held}`,
    }),
  );
  return [{ type: ComponentType.ActionRow, components }];
}

export function readChoice(customId: string): { choice: Choice; held: string } | undefined {
  const [, name, held] = /^held:(\w{1,20}):([\w-]{1,70})$/.exec(customId) ?? [];
  const choice = CHOICES.find((known) => known === name);
  return choice && held !== undefined ? { choice, held } : undefined;
}

function drawButtons({ buttons, renderId, language }: View) {
  if (buttons.length === 0) return [];
  const labels = wordsOf(language).buttons;
  const components = buttons.map(
    (button): APIButtonComponentWithCustomId => ({
      type: ComponentType.Button,
      style: STYLES[button],
      label: labels[button],
      custom_id: `${button}:${renderId}`,
    }),
  );
  return [{ type: ComponentType.ActionRow, components }];
}

/** Which button of which render a custom id stands for; undefined for what is not ours. */
export function readCustomId(customId: string): { button: Button; renderId: string } | undefined {
  const [name = '', renderId = ''] = customId.split(':');
  const button = BUTTONS.find((known) => known === name);
  return button && /^[\w-]{1,80}$/.test(renderId) ? { button, renderId } : undefined;
}
