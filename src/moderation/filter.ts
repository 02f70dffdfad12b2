// Whether words may be rendered: the built-in list, and the installation's own words and patterns. Says yes or no, never why:
// a reason would teach how to get around it.
import { RE2JS } from 're2js';
import { UserError } from '../errors.ts';
import { AGE, FORBIDDEN, INNOCENT, MINORS, OF_AGE, SEXUAL } from './built-in.ts';
import { fold, formsOf } from './folding.ts';

export const LONGEST_ENTRY = 200;
export const MOST_ENTRIES = 500;

/** What is looked at of one text. The longest prompt is far shorter; a file's name may be anything. */
const LONGEST_TEXT = 4000;

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
};

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

/** Whether any of the texts says what is forbidden. Each is looked at by itself: they are not one sentence. */
export function isForbidden(texts: readonly string[], own: readonly Entry[]): boolean {
  return texts.some((text) => {
    const forms = formsOf(text.slice(0, LONGEST_TEXT));
    return forms.some(isForbiddenEverywhere) || own.some((entry) => entry(forms));
  });
}

function isForbiddenEverywhere(form: string): boolean {
  const hasOneOf = (text: string, list: string[]) => list.some((words) => hasWords(text, words));
  if (hasOneOf(form, builtIn.forbidden)) return true;
  const rest = builtIn.innocent.reduce(
    (text, words) => (hasWords(text, words) ? text.replaceAll(words, ' ') : text),
    form,
  );
  if (!hasOneOf(rest, builtIn.sexual)) return false;
  return hasOneOf(rest, builtIn.minors) || [...rest.matchAll(AGE)].some(([, age]) => Number(age) < OF_AGE);
}

/** Whole words only: what is forbidden may be part of an innocent one. */
function hasWords(text: string, words: string): boolean {
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    if (isBoundary(text, at) && isBoundary(text, at + words.length)) return true;
  }
  return false;
}

function isBoundary(text: string, at: number): boolean {
  const [before, after] = [text.charAt(at - 1), text.charAt(at)];
  if (before === '' || after === '' || before === ' ' || after === ' ') return true;
  if (WITHOUT_SPACES.test(before) || WITHOUT_SPACES.test(after))
    return segmenter.segment(text).containing(at)?.index === at;
  return /\p{N}/u.test(before) !== /\p{N}/u.test(after);
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
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
