// Letters of other alphabets that pass for Latin ones, and Latin ones with strokes that no normalisation takes off: the
// lower-case part of Unicode's confusables that people type. The packages that carry the whole table have had no release in
// years, and most of it is compatibility forms, which NFKD folds already.

const TABLE: Record<string, string> = {
  a: 'аαɑᴀ',
  b: 'ьƅɓʙᏏ',
  c: 'сϲᴄƈ',
  d: 'ԁɗđᴅꓒ',
  e: 'еєεҽɛᴇəǝ',
  f: 'ƒꞙꬵ',
  g: 'ɡցԍɢ',
  h: 'һհħʜн',
  i: 'іıɩιɪӏ',
  j: 'јϳʝᴊ',
  k: 'кκᴋқ',
  l: 'ⅼłʟاӀǀ',
  m: 'мᴍ',
  n: 'пոռɴŋ',
  o: 'оοσօøᴏօ๐ဝ',
  p: 'рρᴘþ',
  q: 'ԛգ',
  r: 'гᴦʀɾ',
  s: 'ѕꜱʂ',
  t: 'тτᴛŧ',
  u: 'υսᴜʋц',
  v: 'ѵνᴠ',
  w: 'ԝωшᴡ',
  x: 'хχ',
  y: 'уүγʏ',
  z: 'ᴢʐƶ',
};

const LATIN = new Map(
  Object.entries(TABLE).flatMap(([latin, others]) => Array.from(others, (other) => [other, latin] as const)),
);

/** Digits and signs that stand in for letters within a word. */
const STAND_INS = new Map(
  Object.entries({ 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's', '!': 'i' }),
);

export const toLatin = (character: string): string => LATIN.get(character) ?? character;

export const toLetter = (sign: string): string => STAND_INS.get(sign) ?? sign;
