// Which words for whom? One file for each language, all with the same words; English is the fallback.
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { ja } from './ja.ts';
import type { Words } from './words.ts';
import { zhCn } from './zh-cn.ts';

/** A map: of an object, a locale such as `constructor` would be no words at all. */
const LANGUAGES = new Map<string, Words>([
  ['en', en],
  ['de', de],
  ['es', es],
  ['ja', ja],
  ['zh-CN', zhCn],
]);

/** The words for a locale such as `de`, `es-419` or `zh-CN`; English for one that nobody has written yet. */
export function wordsOf(locale: string | undefined): Words {
  const [language = ''] = (locale ?? '').split('-');
  return LANGUAGES.get(locale ?? '') ?? LANGUAGES.get(language) ?? en;
}

/** Every language but English, under the names that Discord knows them by. */
export const TRANSLATIONS: readonly { locale: 'de' | 'es-ES' | 'es-419' | 'ja' | 'zh-CN'; words: Words }[] = [
  { locale: 'de', words: de },
  { locale: 'es-ES', words: es },
  { locale: 'es-419', words: es },
  { locale: 'ja', words: ja },
  { locale: 'zh-CN', words: zhCn },
];
