// What a text says, whatever it was dressed up as: the forms of it that forbidden words are looked for in. Pure, and linear in
// the length of the text.
import { toLatin, toLetter } from './look-alikes.ts';

/** Written as single letters, as in "s p a c e d": fewer than these are initials. */
const FEWEST_SPACED = 4;

/** Marks on a letter, but for the two that make another kana of one. */
const MARKS = /(?![\u3099\u309a])\p{Script=Inherited}|\p{Me}/gu;
/** Two ligatures that stand for sentences of 18 and 8 letters: a text of them would become many times as long. */
const LIGATURES_OF_SENTENCES = /[\ufdfa\ufdfb]/gu;
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\p{Cf}|\u2800/gu;
const BETWEEN_WORDS = /[^\p{L}\p{N}\p{M}]+/gu;
const SPACED_LETTERS = new RegExp(`(?<![^ ])\\p{L}(?: \\p{L}(?![^ ])){${FEWEST_SPACED - 1},}`, 'gu');
/** The same, set apart by one and the same thing, so that several such words stay several. */
const EVENLY_SPACED = new RegExp(
  `(?<![\\p{L}\\p{N}])\\p{L}([^\\p{L}\\p{N}]{1,3})\\p{L}(?:\\1\\p{L}){${FEWEST_SPACED - 2},}(?![\\p{L}\\p{N}])`,
  'gu',
);
const WORD_WITH_STAND_INS = /[\p{L}\d@$!]*[\p{L}\d@$]/gu;
const STRETCHED = /(\p{L})\1{2,}/gu;

/** The plain form: lower case, one alphabet where letters look alike, nothing unseen, single spaces between words. */
export function fold(text: string): string {
  return toWords(unmask(text));
}

/** The plain form first, then what it says where letters are replaced by digits, set apart, or stretched. */
export function formsOf(typed: string): string[] {
  const unmasked = unmask(typed);
  const forms = [unmasked, unmasked.replace(WORD_WITH_STAND_INS, readStandIns)].flatMap((text) => {
    const words = toWords(text);
    const joined = words.replace(SPACED_LETTERS, (letters) => letters.replaceAll(' ', ''));
    return [words, joined, toWords(text.replace(EVENLY_SPACED, (letters) => letters.replace(BETWEEN_WORDS, '')))];
  });
  return [...new Set(forms.flatMap((form) => [form, form.replace(STRETCHED, '$1'), form.replace(STRETCHED, '$1$1')]))];
}

function unmask(text: string): string {
  const plain = text.replace(LIGATURES_OF_SENTENCES, ' ');
  const letters = plain.normalize('NFKD').replace(UNSEEN, '').replace(MARKS, '').toLowerCase().normalize('NFC');
  return Array.from(letters, toLatin).join('');
}

function toWords(text: string): string {
  return text.replace(BETWEEN_WORDS, ' ').trim();
}

/** Only in words that are mostly letters: `480p` and `a55` are what they are. */
function readStandIns(word: string): string {
  const letters = word.match(/\p{L}/gu)?.length ?? 0;
  return letters * 2 > Array.from(word).length ? Array.from(word, toLetter).join('') : word;
}
