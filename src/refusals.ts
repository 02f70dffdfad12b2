// Refusals with their English sentences, which logs, shells and the web page show too. The other languages are in
// bots/languages/refusals.
import { type RefusalOptions, UserError, type UserErrorCode } from './errors.ts';
import type {
  LimitFigures,
  Marks,
  RefusalFigures,
  RefusalKind,
  RefusalReason,
  RefusalSentences,
} from './refusal-kinds.ts';

const CODES: Record<RefusalKind, UserErrorCode> = {
  command_unknown: 'bad_command',
  option_twice: 'bad_option',
  option_unknown: 'bad_option',
  quote_unclosed: 'bad_option',
  prompt_missing: 'prompt_missing',
  text_too_long: 'prompt_too_long',
  not_a_choice: 'bad_option',
  not_in_range: 'bad_option',
  picture_missing: 'picture_missing',
  picture_gone: 'picture_missing',
  picture_hidden: 'picture_missing',
  picture_elsewhere: 'picture_missing',
  picture_empty: 'picture_broken',
  picture_too_large: 'picture_too_large',
  picture_too_many_pixels: 'picture_too_large',
  picture_too_much_memory: 'picture_too_large',
  picture_too_small: 'picture_too_small',
  picture_wrong_type: 'picture_wrong_type',
  picture_animated: 'picture_animated',
  picture_broken: 'picture_broken',
  picture_too_slow: 'picture_too_slow',
  aspect_too_extreme: 'aspect_too_extreme',
  render_unknown: 'render_unknown',
  render_picture_gone: 'render_unknown',
  not_yours: 'not_allowed',
  limit_reached: 'limit_reached',
  refused_pictures: 'limit_reached',
  exported_lately: 'limit_reached',
  blocked: 'blocked',
  blocked_automatically: 'blocked',
  server_blocked: 'blocked',
  refused: 'refused',
  near_miss: 'refused',
  consent_missing: 'consent_missing',
  not_in_channel: 'place_closed',
  thread_locked: 'place_closed',
  channel_archived: 'place_closed',
  posting_forbidden: 'place_closed',
  admin_needed: 'place_closed',
  place_refused: 'place_refused',
};

/** The refusal of a command, with its English sentence as its message. */
export function refusal<Kind extends RefusalKind>(
  kind: Kind,
  figures: RefusalFigures[Kind],
  options?: RefusalOptions,
): UserError {
  // Each kind goes with its own figures by this function's type; the union cannot say so by itself.
  const reason = { kind, ...figures } as unknown as RefusalReason;
  return new UserError(CODES[kind], say(reason, ENGLISH, BARE), { ...options, reason });
}

export function say(reason: RefusalReason, sentences: RefusalSentences, marks: Marks): string {
  const sentence = sentences[reason.kind] as (figures: RefusalReason, marks: Marks) => string;
  return sentence(reason, marks);
}

const MINUTE_MS = 60_000;

/** In the one zone that everybody can reckon with, for where nobody knows the reader's. */
export function describeTime(at: number): string {
  return `${new Date(Math.ceil(at / MINUTE_MS) * MINUTE_MS).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Logs, shells and pages: Markdown's code, and nothing else. */
export const BARE: Marks = {
  code: (text) => `\`${text}\``,
  option: (name) => `\`${name}\``,
  text: (text) => text,
  time: describeTime,
  community: 'server',
};

const MEGABYTE = 1024 * 1024;

/** "about 5 minutes" without the "about": rounded up, in the largest unit that says enough. */
export function describeWait(seconds: number, language: string): string {
  const say = (unit: string, count: number) =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
  if (seconds < 60) return say('second', Math.max(1, Math.ceil(seconds)));
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? say('minute', minutes) : say('hour', Math.ceil(minutes / 60));
}

export function describeCount(count: number, language: string): string {
  return new Intl.NumberFormat(language).format(count);
}

/** A value and the limit that it is over, to one decimal; rounded so that they never read the same. */
function describeOver(value: number, most: number, language: string): { got: string; limit: string } {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const limit = Math.floor(most * 10) / 10;
  const rounded = Math.round(value * 10) / 10;
  return {
    got: format.format(rounded > limit ? rounded : Math.ceil(value * 10) / 10),
    limit: format.format(limit),
  };
}

export function describeBytesOver(bytes: number, most: number, language: string) {
  const { got, limit } = describeOver(bytes / MEGABYTE, most / MEGABYTE, language);
  return { got: `${got} MB`, limit: `${limit} MB` };
}

export function describePixelsOver(pixels: number, most: number, language: string) {
  return describeOver(pixels / 1_000_000, most / 1_000_000, language);
}

/** Both as the long side to the short one: "3.1:1", whichever of them is the width. */
export function describeAspectOver(
  { width, height }: { width: number; height: number },
  most: number,
  language = 'en',
) {
  const { got, limit } = describeOver(Math.max(width / height, height / width), most, language);
  return { got: `${got}:1`, limit: `${limit}:1`, isWide: width > height };
}

/** Such as "480p or 720p": a list of what can be chosen. */
export function describeChoices(choices: readonly string[], { code }: Marks, or: string): string {
  return choices.map(code).join(or);
}

const PICTURE_NOUN = / (picture|drawing|document)$|^(an icon|a cursor)$/;

/** Whether it is a picture of a kind that can be saved as another. */
export function isPictureNoun(noun: string): boolean {
  return PICTURE_NOUN.test(noun);
}

const SEND = 'Please send a still picture, such as a PNG or JPEG.';

function clips(count: number | string): string {
  return Number(count) === 1 ? '1 clip' : `${count} clips`;
}

function describeLimit({ limit, of, most, got, waitSeconds }: LimitFigures, { community }: Marks): string {
  const isOwn = of === 'member';
  const who = isOwn ? 'You' : of === 'everyone' ? 'We' : `This ${of === 'server' ? community : 'channel'}`;
  const [have, their] = isOwn ? ['have', 'your'] : of === 'everyone' ? ['have', 'our'] : ['has', 'its'];
  const wait = waitSeconds === undefined ? undefined : describeWait(waitSeconds, 'en');
  const next = wait === undefined ? '' : ` You can make the next one in about ${wait}.`;
  switch (limit) {
    case 'atOnce': {
      if (isOwn) {
        const it = most === 1 ? 'it, or cancel it' : 'one of them, or cancel one';
        return `You already have ${clips(most)} in progress, which is the limit here. Wait for ${it}.`;
      }
      const again = `Please try again ${wait === undefined ? 'later' : `in about ${wait}`}.`;
      if (of === 'everyone') return `We're at capacity right now. ${again}`;
      return `${who} already has ${clips(most)} in progress, which is the limit. ${again}`;
    }
    case 'perDay':
      return `${who} ${have} used ${their} ${clips(most)} for today.${next}`.replace('You have', "You've");
    case 'gpuSecondsPerDay':
      if (wait === undefined)
        return `This clip alone takes more than the ${most} seconds of GPU time for a day here. Try a shorter clip or 480p.`;
      return `${who} ${have} used ${their} ${most} seconds of GPU time for today.${next}`.replace('You have', "You've");
    case 'cooldownSeconds':
      return `${who} can start one clip every ${describeWait(Number(most), 'en')}.${next}`;
    case 'resolution':
      return `Clips can be at most ${most} here, and you asked for ${got}.`;
    case 'seconds':
      return `Clips can be at most ${most} seconds long here, and you asked for ${got}.`;
  }
}

export const ENGLISH: RefusalSentences = {
  command_unknown: ({ typed }, { code, text }) =>
    `I don't know the command ${text(typed)}. Please start with ${code('/animate')}.`,
  option_twice: ({ option }, marks) => `You gave ${marks.option(option)} twice. Please give it once.`,
  option_unknown: ({ typed, meant }, { code }) =>
    `I don't know the option ${code(`${typed}:`)}. Did you mean ${code(`${meant}:`)}? If it's part of the sentence, put a space after the colon.`,
  quote_unclosed: ({ option, got }, { code, text }) =>
    `The quote after ${code(`${option}:`)} never ends (you wrote ${text(got)}). Please add the closing quotation mark.`,
  prompt_missing: ({ isSwallowed }, { code }) =>
    isSwallowed
      ? `Tell me how the picture should move: put that before ${code('negative:')}, or put what to leave out in quotes.`
      : 'Tell me how the picture should move, for example "she smiles and looks up".',
  text_too_long: ({ option, length, most }, marks) => {
    const what = option === 'prompt' ? "That's" : `${marks.option(option)} has`;
    return `${what} ${describeCount(length, 'en')} characters; the limit is ${describeCount(most, 'en')}.`;
  },
  not_a_choice: ({ option, choices, got }, marks) =>
    `${marks.option(option)} must be ${describeChoices(choices, marks, ' or ')}${youWrote(got, marks)}.`,
  not_in_range: ({ option, from, to, isWhole, got }, marks) =>
    `${marks.option(option)} must be ${isWhole ? 'a whole number ' : ''}between ${from} and ${to}${youWrote(got, marks)}.`,
  picture_missing: () => "There's no picture with that. Please attach one and try again.",
  picture_gone: () => 'That picture is no longer available. Please attach it again.',
  picture_hidden: () => "I can't open that picture. Please attach it to your own message.",
  picture_elsewhere: ({ service }) => `I can only use pictures that were uploaded to ${service}.`,
  picture_empty: () => `That file is empty. ${SEND}`,
  picture_too_large: ({ bytes, most }) => {
    const { got, limit } = describeBytesOver(bytes ?? most, most, 'en');
    return bytes === undefined
      ? `That picture is too large; the limit is ${limit}.`
      : `That picture is ${got}; the limit is ${limit}.`;
  },
  picture_too_many_pixels: ({ width, height, most }) => {
    const { got, limit } = describePixelsOver(width * height, most, 'en');
    return `That picture has ${got} megapixels (${width}×${height}); the limit is ${limit}. Please send a smaller one.`;
  },
  picture_too_much_memory: ({ most }) =>
    `That picture needs more than the ${Math.floor(most / MEGABYTE)} MB of memory I have to open it. Please send a smaller one.`,
  picture_too_small: ({ width, height, smallest }) =>
    `That picture is too small (${width}×${height}). Each side needs at least ${smallest} pixels.`,
  picture_wrong_type: ({ noun, name }, { text }) => {
    if (noun === '')
      return name === ''
        ? `I don't know that kind of file. ${SEND}`
        : `I can't open ${text(name)} as a picture. ${SEND}`;
    if (!isPictureNoun(noun))
      return name === '' ? `That's ${noun}. ${SEND}` : `${text(name)} isn't actually a picture (it's ${noun}). ${SEND}`;
    return `I can't open ${noun.replace(/^an? /, '')}s. Please send it as PNG, JPEG or WebP.`;
  },
  picture_animated: ({ noun }, { option }) =>
    `That's ${noun}. ${SEND} Or I can use its first frame: add the option ${option('frame')}.`,
  picture_broken: () => 'That picture is damaged or incomplete. Please save it again as PNG or JPEG and send that.',
  picture_too_slow: ({ seconds }) =>
    `That picture takes more than ${seconds} seconds to open. Please save it again as a plain PNG or JPEG and send that.`,
  aspect_too_extreme: ({ width, height, most }, { option }) => {
    const { got, limit, isWide } = describeAspectOver({ width, height }, most);
    return `That picture is too ${isWide ? 'wide' : 'tall'} to animate: it's ${got} (${width}×${height}), and the limit is ${limit}. Please crop it and try again, or let me crop or pad it with the option ${option('fit')}.`;
  },
  render_unknown: () => 'That clip is too old. I no longer have it.',
  render_picture_gone: () => "I no longer have that clip's picture. Please attach it again.",
  not_yours: ({ owner }, { text, community }) =>
    `That's ${text(owner)}'s clip, so only ${text(owner)} or ${community === 'server' ? 'a server' : 'a workspace'} admin can do that.`,
  limit_reached: describeLimit,
  refused_pictures: ({ most, waitSeconds }) =>
    `I couldn't use ${most} of your pictures within an hour, which is the limit. Please try again in about ${describeWait(waitSeconds, 'en')}.`,
  exported_lately: ({ minutes }) =>
    `You asked for that less than ${minutes} minutes ago. Please try again in ${minutes} minutes.`,
  blocked: ({ until }, { time }) =>
    `An admin has blocked you from making clips here${until === undefined ? '' : ` until ${time(until)}`}. Please ask them about it.`,
  blocked_automatically: ({ until }, { time }) =>
    `Too many of your requests were refused. You can make clips again from ${time(until)}.`,
  server_blocked: (_, { community }) => `I no longer take requests from this ${community}.`,
  refused: ({ strikes, mostStrikes, until }, { time }) => {
    const sentence = "I can't animate that here.";
    if (until !== undefined)
      return `${sentence} Too many of your requests were refused. You can make clips again from ${time(until)}.`;
    return strikes === 0 ? sentence : `${sentence} Warning ${strikes} of ${mostStrikes} before a short time-out.`;
  },
  near_miss: () =>
    "I can't animate that: some of these words together can be misread. Please say it in other words. This doesn't count against you.",
  consent_missing: ({ text: rules }, { text }) => text(rules),
  not_in_channel: ({ invite }, { code }) =>
    `I'm not in this channel. Type ${code(invite)} here and try again, or send me the picture in a direct message.`,
  thread_locked: () => "This thread is locked, so I can't reply here.",
  channel_archived: () => "This channel is archived, so I can't post here.",
  posting_forbidden: () => "I'm not allowed to post here. You can send me the picture in a direct message instead.",
  admin_needed: () => "I'm missing a permission in this workspace, so I can't go on yet. Please tell an admin.",
  place_refused: ({ service, why }, { text }) => `${service} didn't let me post here (${text(why)}).`,
};

function youWrote(got: string, { text }: Marks): string {
  return got === '' ? '' : ` (you wrote ${text(got)})`;
}
