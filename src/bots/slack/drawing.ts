// A view as a Slack message. Words come from view.ts; here are Slack's markup, its blocks, and nobody is ever pinged.
import type { types } from '@slack/bolt';
import type { Offer } from '../../errors.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import { type Button, describeShare, type View } from '../view.ts';
import type { MessageBody } from './messages.ts';

const BAR_LENGTH = 12;
const LONGEST_SHOWN_PROMPT = 300;
/** Slack takes 1,000 characters of alternative text. */
const LONGEST_ALT_TEXT = 1000;
const LONGEST_TITLE = 150;
/** Slack takes 3,000 characters, escaped as they are. */
const LONGEST_SECTION = 2900;

const STYLES: Record<Button, 'primary' | 'danger' | undefined> = {
  cancel: undefined,
  again: 'primary',
  edit: undefined,
  larger: undefined,
  extend: undefined,
  delete: 'danger',
};
const BUTTONS = Object.keys(STYLES) as Button[];

/**
 * Everything that a member typed goes through here. Slack reads links, mentions and dates only between `<` and `>`; its bold,
 * italic, code and emoji marks are parted from their words by a character that nobody sees.
 */
export function plain(text: string): string {
  return escapeText(text)
    .replace(/(?<![\p{L}\p{N}])[*_~`]|[*_~`](?![\p{L}\p{N}])/gu, '\u200b$&\u200b')
    .replace(/:(?=[\w+-]+:)/g, ':\u200b')
    .replace(/(^|\n)(&gt;|>)/g, '$1\u200b$2');
}

/** See https://docs.slack.dev/messaging/formatting-message-text, escaping text. */
export function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** The Markdown that admins' answers are written in. */
export function toMrkdwn(markdown: string): string {
  return escapeText(markdown).replace(/\*\*(.+?)\*\*/g, '*$1*');
}

export function cut(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text;
}

/** Of what is escaped: no mark is cut through. Slack counts the characters as they are escaped. */
export function cutEscaped(text: string, length: number): string {
  return cut(text, length).replace(/&[a-z]{0,3}…$/, '…');
}

/** The message in the channel, which the thread hangs on: who asked, and for what. */
export function drawStarter({ request }: View, user: string): string {
  return `<@${user}>\n>${plain(cut(toOneLine(request.prompt), LONGEST_SHOWN_PROMPT))}`;
}

export function toTitle({ request: { prompt } }: View): string {
  return cut(toOneLine(prompt), LONGEST_TITLE);
}

export function toAltText({ request: { prompt } }: View): string {
  return cut(prompt, LONGEST_ALT_TEXT);
}

/** In each reader's own time; the fallback is for programs that cannot do that. */
export function toTime(at: number): string {
  return toDate(at, '{time_secs}', new Date(at).toISOString().slice(11, 19));
}

export function toDay(at: number): string {
  return toDate(at, '{date_short}, {time}', new Date(at).toISOString().slice(0, 16).replace('T', ' '));
}

function toDate(at: number, format: string, fallback: string): string {
  return `<!date^${Math.ceil(at / 1000)}^${format}|${fallback} UTC>`;
}

/** The status message. `extra` are lines below it, in Slack's markup. */
export function drawStatus(view: View, extra: string[] = []): MessageBody {
  const { kind, headline, detail, facts, language, readyAt, fraction } = view;
  const words = wordsOf(language);
  const ready = readyAt === undefined ? '' : ` · ${words.slack.readyAt(toTime(readyAt))}`;
  const above = [
    `*${escapeText(headline)}*${ready}`,
    kind === 'rendering' && fraction !== undefined ? drawBar(fraction, words) : '',
  ];
  // What gives way is the text of others; the lines below it hold links.
  const room = LONGEST_SECTION - [...above, ...extra, ''].join('\n').length;
  const lines = [...above, cutEscaped(plain(detail ?? ''), room), ...extra];
  return {
    text: headline,
    blocks: [
      section(lines.filter((line) => line !== '').join('\n')),
      ...(facts.length === 0 ? [] : [context(drawFacts(view))]),
      ...drawButtons(view),
    ],
  };
}

export function drawFacts({ facts }: View): string {
  return facts.map(({ label, value }) => `${escapeText(label)} ${plain(value)}`).join(' · ');
}

export function section(text: string): types.SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } };
}

export function context(text: string): types.ContextBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text, verbatim: true }] };
}

export function button(action: string, label: string, value?: string, style?: 'primary' | 'danger'): types.Button {
  return {
    type: 'button',
    action_id: action,
    text: { type: 'plain_text', text: label, emoji: true },
    ...(value !== undefined && { value }),
    ...(style && { style }),
  };
}

function drawBar(fraction: number, words: Words): string {
  const filled = Math.round(fraction * BAR_LENGTH);
  return `${'▰'.repeat(filled)}${'▱'.repeat(BAR_LENGTH - filled)} ${describeShare(fraction, words)}`;
}

/** An action's name may be there once in a block, so the button is in the name and the render in the value. */
function drawButtons({ buttons, renderId, language }: View): types.ActionsBlock[] {
  if (buttons.length === 0) return [];
  const labels = wordsOf(language).buttons;
  const elements = buttons.map((each) => button(`render_${each}`, labels[each], renderId, STYLES[each]));
  return [{ type: 'actions', elements }];
}

export const ACCEPT_BUTTON = 'accept';

/** The text that a member accepts before their first clip. It is the operator's, so the links in it are links. */
export function drawConsent(text: string, held: string, { trust }: Words): MessageBody {
  return {
    text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text } },
      { type: 'actions', elements: [button(ACCEPT_BUTTON, trust.accept, held, 'primary')] },
    ],
  };
}

export const OFFER_BUTTON = /^offer_\w+$/;

/** A refusal with what the bot can do instead; `held` is the command that goes on then. */
export function drawOffers(text: string, offers: readonly Offer[], held: string, words: Words): MessageBody {
  const elements = offers.map((offer) => button(`offer_${offer}`, words.offers[offer], held));
  return { text, blocks: [section(text), { type: 'actions', elements }] };
}

export function readOffer(action: string): Offer | undefined {
  return (['crop', 'pad', 'first_frame'] as const).find((offer) => action === `offer_${offer}`);
}

export const RENDER_BUTTON = /^render_\w+$/;

/** Which button of which render was pressed; undefined for what is not ours. */
export function readButton(
  action: string,
  value: string | undefined,
): { button: Button; renderId: string } | undefined {
  const pressed = BUTTONS.find((known) => action === `render_${known}`);
  return pressed && value !== undefined && /^[\w-]{1,100}$/.test(value)
    ? { button: pressed, renderId: value }
    : undefined;
}

export function toOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
