// What people type, as one line of what can be seen. Pure, and linear: the page's bundle and every chat adapter share it.

/** Scripts whose words are written with joiners: Persian's and those of India, Tibet, Burma, Cambodia and Mongolia. */
const JOINING = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu'],
  ...['Kannada', 'Malayalam', 'Sinhala', 'Tibetan', 'Myanmar', 'Khmer'],
]
  .map((script) => `\\p{Script=${script}}`)
  .join('');
const BEFORE_JOINER = `[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f${JOINING}]`;
const AFTER_JOINER = `[\\p{Extended_Pictographic}${JOINING}]`;

/** A flag of a part of a country, such as Scotland's, whose letters are invisible by themselves. */
const SUBDIVISION_FLAG = '\\u{1f3f4}[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]{1,6}\\u{e007f}';

/**
 * Marks that nobody sees: they would hide words from readers and from the filter, or turn the text around. Joiners stay where
 * emoji and scripts need them.
 */
const INVISIBLE = new RegExp(
  [
    `(${SUBDIVISION_FLAG})`,
    `(?<!${BEFORE_JOINER})[\\u200c\\u200d]`,
    `[\\u200c\\u200d](?!${AFTER_JOINER})`,
    '[\\u00ad\\u034f\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\u3164\\ufeff\\uffa0]',
    '[\\u{e0000}-\\u{e007f}]',
  ].join('|'),
  'gu',
);

/** Lone surrogates go too: they cannot be written as UTF-8, so they would come back as something else. */
export function toOneLine(text: string): string {
  return text
    .replace(INVISIBLE, '$1')
    .replace(/[\p{Cc}\p{Cs}\s\u2800]+/gu, ' ')
    .trim();
}

const HELP = /^\/?(help|hilfe|ayuda|ヘルプ|使い方|帮助|说明)[.!?。！？]*$/iu;

/** Nothing but a call for help, in any of the bot's languages. */
export function isCallForHelp(text: string): boolean {
  return HELP.test(toOneLine(text));
}

const LONGEST_NAME = 40;

/** Somebody's name as words of a prompt: nothing in it can be an option or mark-up. */
export function toPlainName(name: string): string {
  const plain = toOneLine(name.replace(/[^\p{L}\p{M}\p{N} .'’-]+/gu, ' '));
  return Array.from(plain).slice(0, LONGEST_NAME).join('').trim() || 'someone';
}

/**
 * The text with each mention as its name. Where the name is empty (the bot's own) the mention goes, and with it the mark that
 * parted it from the sentence: "@bot: she smiles", "hey @bot, please wave".
 */
export function withNames(text: string, mention: RegExp, nameOf: (id: string) => string | undefined): string {
  const GONE = '\ue000';
  const marked = text.replaceAll(GONE, ' ').replace(mention, (typed, id: string) => {
    const name = nameOf(id);
    if (name === undefined) return typed;
    return name === '' ? GONE : toPlainName(name);
  });
  return toOneLine(
    marked
      .replace(/^[\s\ue000]*\ue000[\s\ue000]*[:,;：，、–—-]?/u, '')
      .replace(/,? ?\ue000 ?(?=[,.;:!?])/g, '')
      .replaceAll(GONE, ' '),
  );
}
