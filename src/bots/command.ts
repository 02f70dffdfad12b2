// The text of an `/animate` to a request, and back. Pure: the server, the page's bundle and every chat adapter share it.
import type { Offer } from '../errors.ts';
import {
  FITS,
  FRAMES,
  LARGEST_SEED,
  LONGEST_PROMPT,
  LONGEST_SECONDS,
  QUALITIES,
  RESOLUTIONS,
  SHORTEST_SECONDS,
} from '../limits.ts';
import { refusal } from '../refusals.ts';
import type { Fit, Frame, Quality, Resolution } from '../render.ts';
import { findNearMiss } from './near-miss.ts';
import { toOneLine } from './typed-text.ts';

export { toOneLine };

export interface ParsedCommand {
  prompt: string;
  negative: string;
  resolution: Resolution;
  seconds: number;
  seed: number | undefined;
  quality: Quality;
  /** For a picture beyond the shapes that can be animated; without it such a picture is refused. */
  fit?: Fit | undefined;
  /** For an animation; without it one is refused. */
  frame?: Frame | undefined;
}

export type OptionName = 'resolution' | 'seconds' | 'seed' | 'negative' | 'quality' | 'fit' | 'frame';

export interface CommandOption {
  name: OptionName;
  /** One line for a completion list or a help text. */
  description: string;
  /** Values worth offering, as they would be typed. Others may be allowed too. */
  values: readonly { value: string; description: string }[];
}

export const COMMAND_NAME = '/animate';
export const DEFAULT_RESOLUTION: Resolution = '480p';
export const DEFAULT_QUALITY: Quality = 'fast';
export const DEFAULT_SECONDS = LONGEST_SECONDS;

export const COMMAND_OPTIONS: readonly CommandOption[] = [
  {
    name: 'resolution',
    description: 'How sharp the clip is',
    values: [
      { value: '480p', description: 'quick, the default' },
      { value: '720p', description: 'sharper, takes longer' },
    ],
  },
  {
    name: 'seconds',
    description: `How long the clip is, ${SHORTEST_SECONDS} to ${LONGEST_SECONDS}`,
    values: Array.from({ length: LONGEST_SECONDS }, (_, index) => ({
      value: String(index + 1),
      description: index + 1 === DEFAULT_SECONDS ? 'the default' : '',
    })),
  },
  { name: 'seed', description: 'A whole number; the same one gives the same clip again', values: [] },
  {
    name: 'negative',
    description: 'What to keep out of the clip',
    values: [
      { value: '"blurry, distorted"', description: 'steadier pictures' },
      { value: '"text, watermark"', description: 'nothing written over it' },
    ],
  },
  {
    name: 'quality',
    description: 'How much work goes into it',
    values: [
      { value: 'fast', description: 'the default' },
      { value: 'best', description: 'many more steps, where a worker makes these' },
    ],
  },
  {
    name: 'fit',
    description: 'What to do with a picture that is too wide or too tall',
    values: [
      { value: 'crop', description: 'keep its middle' },
      { value: 'pad', description: 'add bars and keep all of it' },
    ],
  },
  {
    name: 'frame',
    description: 'Which frame of an animation to animate',
    values: [{ value: 'first', description: '' }],
  },
];

const OFFERED = {
  crop: { fit: 'crop' },
  pad: { fit: 'pad' },
  first_frame: { frame: 'first' },
} as const satisfies Record<Offer, Partial<ParsedCommand>>;

/** The same command with what a refusal has offered. */
export function withOffer(command: ParsedCommand, offer: Offer): ParsedCommand {
  return { ...command, ...OFFERED[offer] };
}

const KNOWN_NAMES: readonly string[] = [...COMMAND_OPTIONS.map((option) => option.name), 'prompt'];

// Long values are cut in messages, so that a pasted page of text does not come back as one.
const LONGEST_ECHO = 40;

// All of these are sticky and look at each character a fixed number of times, so that parsing stays linear.
/** Full-width letters and colons come from keyboards for Chinese and Japanese. */
const NAME = /([a-zA-Zａ-ｚＡ-Ｚ][a-zA-Zａ-ｚＡ-Ｚ_-]*)[:：]/y;
/** Also the marks of code around a command, in which the help shows options and from which people paste them. */
const GAP = /[ `]+/y;
const WORD = /[^ `]+(?:`(?=\p{L})[^ `]+)*/uy;
/** Pairs of quotes as each country writes them. Single ones end only where a word ends: elsewhere they are apostrophes. */
const QUOTED = new RegExp(
  [
    '"((?:[^"\\\\]|\\\\.)*)"',
    ...['“([^”]*)”', '”([^”]*)”', '„([^“”]*)[“”]', '«([^»]*)»', '»([^«]*)«', '‹([^›]*)›', '›([^‹]*)‹'],
    ...['「([^」]*)」', '『([^』]*)』', '＂([^＂]*)＂', '‚([^‘’]*)[‘’]'],
    ...['‘((?:[^’]|’(?![ `]|$))*)’(?=[ `]|$)', "'((?:[^']|'(?![ `]|$))*)'(?=[ `]|$)"],
  ].join('|'),
  'y',
);
const UNCLOSED = /["“”„«»‹›「『＂].*/y;

export function parseCommand(text: string): ParsedCommand {
  const { words, given, isNegativeOpen } = readWords(withoutCommandName(toOneLine(text)));
  return {
    prompt: toPrompt(words.prompt, isNegativeOpen),
    negative: toNegative(words.negative),
    resolution: toResolution(given.get('resolution')),
    seconds: toSeconds(given.get('seconds')),
    seed: toSeed(given.get('seed')),
    quality: toQuality(given.get('quality')),
    fit: toOneOf('fit', FITS, given.get('fit')),
    frame: toOneOf('frame', FRAMES, given.get('frame')),
  };
}

function readWords(line: string) {
  const words: { prompt: string[]; negative: string[] } = { prompt: [], negative: [] };
  const given = new Map<string, string>();
  // Unquoted words belong to the prompt, or after `negative:` to that until the next option, as in Discord's own commands.
  let target: 'prompt' | 'negative' = 'prompt';
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    at += match?.[0].length ?? 0;
    return match;
  };
  const takeQuoted = (name: string): string | undefined => {
    const match = take(QUOTED);
    if (match !== null) {
      const [, straight, ...others] = match;
      return toOneLine(straight?.replace(/\\(.)/g, '$1') ?? others.find((text) => text !== undefined) ?? '');
    }
    const unclosed = take(UNCLOSED)?.[0];
    if (unclosed === undefined) return undefined;
    throw refusal('quote_unclosed', { option: name, got: echo(unclosed) });
  };

  while (at < line.length) {
    take(GAP);
    const start = at;
    const name = take(NAME)?.[1]?.normalize('NFKC').toLowerCase();
    if (name === undefined || !KNOWN_NAMES.includes(name)) {
      at = start;
      const word = take(WORD)?.[0];
      if (word === undefined) continue;
      if (name !== undefined && word.length > `${name}:`.length) refuseNearMiss(name);
      words[target].push(word);
      continue;
    }
    if (given.has(name)) throw refusal('option_twice', { option: name });
    take(GAP);
    const quoted = takeQuoted(name);
    if (name === 'prompt' || name === 'negative') {
      if (quoted) words[name].push(quoted);
      target = quoted === undefined ? name : 'prompt';
      given.set(name, quoted ?? '');
    } else {
      target = 'prompt';
      given.set(name, quoted ?? withoutComma(take(WORD)?.[0] ?? ''));
    }
  }
  return { words, given, isNegativeOpen: target === 'negative' };
}

/** The shortest command that `parseCommand` reads as this request: what Edit puts back into the composer. */
export function formatCommand(request: ParsedCommand): string {
  const isPlain = !/[:：`"\\]/.test(request.prompt) && !request.prompt.startsWith('/');
  const parts = [COMMAND_NAME, isPlain ? request.prompt : `prompt:${quote(request.prompt)}`];
  if (request.resolution !== DEFAULT_RESOLUTION) parts.push(`resolution:${request.resolution}`);
  if (request.seconds !== DEFAULT_SECONDS) parts.push(`seconds:${request.seconds}`);
  if (request.seed !== undefined) parts.push(`seed:${request.seed}`);
  if (request.quality !== DEFAULT_QUALITY) parts.push(`quality:${request.quality}`);
  if (request.fit !== undefined) parts.push(`fit:${request.fit}`);
  if (request.frame !== undefined) parts.push(`frame:${request.frame}`);
  if (request.negative !== '') parts.push(`negative:${quote(request.negative)}`);
  return parts.join(' ');
}

/** A value in a sentence, such as `seconds:3,`. */
function withoutComma(value: string): string {
  return value.replace(/[,;.，；。、]$/, '');
}

function withoutCommandName(line: string): string {
  const [, typed, rest] = /^[` ]*(\/[a-z-]+)(?: (.*))?$/i.exec(line) ?? [];
  if (typed === undefined) return line;
  if (typed.toLowerCase() === COMMAND_NAME) return rest ?? '';
  throw refusal('command_unknown', { typed: echo(typed) });
}

function refuseNearMiss(name: string): void {
  const meant = findNearMiss(name, KNOWN_NAMES);
  if (meant === undefined) return;
  throw refusal('option_unknown', { typed: name, meant });
}

function toPrompt(words: string[], isSwallowed: boolean): string {
  const prompt = words.join(' ').trim();
  if (prompt === '') {
    throw refusal('prompt_missing', { isSwallowed });
  }
  if (prompt.length > LONGEST_PROMPT) {
    throw refusal('text_too_long', { option: 'prompt', length: prompt.length, most: LONGEST_PROMPT });
  }
  return prompt;
}

function toNegative(words: string[]): string {
  const negative = words.join(' ').trim();
  if (negative.length > LONGEST_PROMPT) {
    throw refusal('text_too_long', { option: 'negative', length: negative.length, most: LONGEST_PROMPT });
  }
  return negative;
}

function toResolution(value: string | undefined): Resolution {
  if (value === undefined) return DEFAULT_RESOLUTION;
  const typed = value.normalize('NFKC').toLowerCase();
  const resolution = RESOLUTIONS.find((known) => known === typed || known === `${typed}p`);
  if (resolution === undefined) {
    throw refusal('not_a_choice', { option: 'resolution', choices: RESOLUTIONS, got: echo(value) });
  }
  return resolution;
}

function toSeconds(value: string | undefined): number {
  if (value === undefined) return DEFAULT_SECONDS;
  const typed = value.normalize('NFKC').replace(',', '.');
  const seconds = /^\d{1,9}(\.\d{1,9})?s?$/.test(typed) ? Number.parseFloat(typed) : Number.NaN;
  if (!(seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS)) {
    const range = { from: SHORTEST_SECONDS, to: LONGEST_SECONDS, isWhole: false };
    throw refusal('not_in_range', { option: 'seconds', ...range, got: echo(value) });
  }
  return seconds;
}

function toSeed(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const typed = value.normalize('NFKC');
  const seed = /^\d{1,12}$/.test(typed) ? Number(typed) : Number.NaN;
  if (!(seed <= LARGEST_SEED)) {
    throw refusal('not_in_range', { option: 'seed', from: 0, to: LARGEST_SEED, isWhole: true, got: echo(value) });
  }
  return seed;
}

function toQuality(value: string | undefined): Quality {
  if (value === undefined) return DEFAULT_QUALITY;
  const quality = QUALITIES.find((known) => known === value.toLowerCase());
  if (quality === undefined) {
    throw refusal('not_a_choice', { option: 'quality', choices: QUALITIES, got: echo(value) });
  }
  return quality;
}

function toOneOf<Value extends string>(
  name: OptionName,
  known: readonly Value[],
  value: string | undefined,
): Value | undefined {
  if (value === undefined) return undefined;
  const meant = known.find((each) => each === value.toLowerCase());
  if (meant !== undefined) return meant;
  throw refusal('not_a_choice', { option: name, choices: known, got: echo(value) });
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function echo(value: string): string {
  const characters = Array.from(value.slice(0, LONGEST_ECHO * 2));
  return value.length > LONGEST_ECHO ? `${characters.slice(0, LONGEST_ECHO).join('')}…` : value;
}

/** The same request from options that came one by one: a terminal's, or a chat service's own command form. */
export function parseOptions(options: {
  prompt: string;
  negative: string;
  resolution: string | undefined;
  seconds: string | undefined;
  seed?: string | undefined;
  quality?: string | undefined;
  fit?: string | undefined;
  frame?: string | undefined;
}): ParsedCommand {
  return {
    prompt: toPrompt([toOneLine(options.prompt)], false),
    negative: toNegative([toOneLine(options.negative)]),
    resolution: toResolution(options.resolution),
    seconds: toSeconds(options.seconds),
    seed: toSeed(options.seed),
    quality: toQuality(options.quality),
    fit: toOneOf('fit', FITS, options.fit),
    frame: toOneOf('frame', FRAMES, options.frame),
  };
}
