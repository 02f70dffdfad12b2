// Whether words may be rendered: the built-in list, and the installation's own words and patterns. What members are told of it
// never says why: a reason would teach how to get around it.
import { RE2JS } from 're2js';
import { UserError } from '../errors.ts';
import { AGE, FORBIDDEN, INNOCENT, LINKS, MINORS, OF_AGE, SEXUAL, THINGS } from './built-in.ts';
import { fold, formsOf } from './folding.ts';

export const LONGEST_ENTRY = 200;
export const MOST_ENTRIES = 500;

/** What is looked at of one text. The longest prompt is far shorter; a file's name may be anything. */
const MAX_TEXT_LENGTH = 4000;

/** Some letters are words once they are taken apart: U+FDFA is 18 letters. No text that anybody writes grows so far. */
const MAX_FOLDED_LENGTH = 4000;

/** RE2 takes time in proportion to the text and to this: 20 of `\\pL{0,99}` take a second for a prompt. */
const MAX_PATTERN_SIZE = 500;

/** Scripts that put no spaces between words: there a dictionary knows where words end. */
const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PATTERN = /^\/(.+)\/$/su;

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
const builtIn = {
  forbidden: FORBIDDEN.map(fold),
  minors: MINORS.map(fold),
  sexual: SEXUAL.map(fold),
  innocent: INNOCENT.map(fold),
  links: LINKS.map(fold),
  things: THINGS.map(fold),
};

/**
 * `near_miss`: two innocent words meet, and nothing says that one is said of the other. Such a request is refused like any
 * other, but may well have been innocent. `met` are entries of the built-in list, and nothing that was typed.
 */
export type Verdict = { kind: 'allowed' } | { kind: 'forbidden' } | { kind: 'near_miss'; met: string };

/** An entry of the installation's list, ready to be looked for. */
export type Entry = (forms: string[]) => boolean;

/**
 * A word or several in a row; or between slashes a pattern of RE2, which takes no more time than the text is long whatever
 * it says. Throws a UserError that says what was expected.
 */
export function readEntry(text: string): Entry {
  const typed = text.trim();
  if (typed.length > LONGEST_ENTRY) {
    throw new UserError('bad_option', `Expected at most ${LONGEST_ENTRY} characters, got ${typed.length}.`);
  }
  const [, source] = PATTERN.exec(typed) ?? [];
  if (source !== undefined) {
    const pattern = compile(source);
    return (forms) => forms.some((form) => pattern.matcher(form).find());
  }
  const words = fold(typed);
  if (words === '')
    throw new UserError('bad_option', 'Expected a word, several, or a /pattern/, got nothing to look for.');
  return (forms) => forms.some((form) => hasWords(form, words));
}

/** Judges each of the texts by itself, for they are not one sentence, and tells the worst. */
export function judge(texts: readonly string[], own: readonly Entry[]): Verdict {
  const verdicts = texts.flatMap((text): Verdict[] => {
    const looked = text.slice(0, MAX_TEXT_LENGTH);
    // Not cut: what comes behind would go unseen.
    if (looked.normalize('NFKD').length > MAX_FOLDED_LENGTH) return [{ kind: 'forbidden' }];
    const forms = formsOf(looked);
    return own.some((entry) => entry(forms)) ? [{ kind: 'forbidden' }] : forms.map(judgeForm);
  });
  return (
    verdicts.find(({ kind }) => kind === 'forbidden') ??
    verdicts.find(({ kind }) => kind === 'near_miss') ?? { kind: 'allowed' }
  );
}

interface Place {
  words: string;
  at: number;
  end: number;
}

function judgeForm(form: string): Verdict {
  if (builtIn.forbidden.some((words) => hasWords(form, words))) return { kind: 'forbidden' };
  const rest = builtIn.innocent.reduce(
    (text, words) => (hasWords(text, words) ? text.replaceAll(words, ' ') : text),
    form,
  );
  const sexual = builtIn.sexual.flatMap((words) => placesOf(rest, words));
  if (sexual.length === 0) return { kind: 'allowed' };
  const minors = [...builtIn.minors.flatMap((words) => placesOf(rest, words)), ...agesIn(rest)];
  const [minor] = minors;
  const [other] = sexual;
  if (!minor || !other) return { kind: 'allowed' };
  const isSaid = sexual.some((one) => minors.some((another) => isSaidOf(rest, one, another)));
  return isSaid ? { kind: 'forbidden' } : { kind: 'near_miss', met: `${minor.words} + ${other.words}` };
}

function agesIn(text: string): Place[] {
  return [...text.matchAll(AGE)]
    .filter(([, age]) => Number(age) < OF_AGE)
    .map((match) => ({ words: match[0], at: match.index, end: match.index + match[0].length }));
}

/** Whether the two stand side by side, and no thing right behind them is what they describe. */
function isSaidOf(text: string, one: Place, other: Place): boolean {
  const [first, second] = one.at < other.at ? [one, other] : [other, one];
  const between = text.slice(first.end, second.at).trim();
  const after = text.slice(second.end).trimStart();
  const isThing = builtIn.things.some((thing) => after === thing || after.startsWith(`${thing} `));
  return !isThing && (between === '' || builtIn.links.includes(between));
}

/** Whole words only: what is forbidden may be part of an innocent one. */
function hasWords(text: string, words: string): boolean {
  return placesOf(text, words).length > 0;
}

function placesOf(text: string, words: string): Place[] {
  const places: Place[] = [];
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const end = at + words.length;
    if (isBoundary(text, at) && isBoundary(text, end)) places.push({ words, at, end });
  }
  return places;
}

function isBoundary(text: string, at: number): boolean {
  const [before, after] = [text.charAt(at - 1), text.charAt(at)];
  if (before === '' || after === '' || before === ' ' || after === ' ') return true;
  if (WITHOUT_SPACES.test(before) || WITHOUT_SPACES.test(after)) return wordStartsOf(text).has(at);
  return /\p{N}/u.test(before) !== /\p{N}/u.test(after);
}

/** Of the text looked at last: asked anew for each place, a prompt full of such words would hold up everybody for half a second. */
let segmented = { text: '', starts: new Set<number>() };

function wordStartsOf(text: string): Set<number> {
  if (segmented.text !== text) {
    segmented = { text, starts: new Set(Array.from(segmenter.segment(text), ({ index }) => index)) };
  }
  return segmented.starts;
}

function compile(source: string): RE2JS {
  try {
    const pattern = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
    if (pattern.programSize() <= MAX_PATTERN_SIZE) return pattern;
    throw new Error(`it is ${pattern.programSize()} steps long, and the limit is ${MAX_PATTERN_SIZE}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'bad_option',
      `Expected a pattern that RE2 understands, without look-around or back-references: ${why}`,
      {
        cause: error,
      },
    );
  }
}
