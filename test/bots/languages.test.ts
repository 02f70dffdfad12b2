import { expect, test } from 'vitest';
import { drawStatus as onDiscord } from '../../src/bots/discord/drawing.ts';
import { TRANSLATIONS, wordsOf } from '../../src/bots/languages/languages.ts';
import type { Words } from '../../src/bots/languages/words.ts';
import { drawStatus as onSlack } from '../../src/bots/slack/drawing.ts';
import { toOutcomeView } from '../../src/bots/view.ts';
import { clipOf, view } from './web/fixtures.ts';

const en = wordsOf('en');
const EVERY_LANGUAGE = [en, ...TRANSLATIONS.map(({ words }) => words)];

/** Every text but those of refusals, which have figures: functions are called with what can be read in any place. */
function textsOf(words: Words): string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'function') collect(value({ animate: 'A', menu: 'B', bot: 'C' }, 2, 3));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  const { refusals: _, ...others } = words;
  collect(others);
  return texts;
}

test('members are spoken to in contractions, and of clips', () => {
  for (const text of textsOf(en)) {
    expect(text).not.toMatch(/\b(expected (a|some)|cannot|can not|(do|did|does|is|are|was|has|had|will) not)\b/i);
    expect(text).not.toMatch(/\b(that|this|the|a|of|your) render\b|\bany more\b|\bcommand again\b/i);
  }
});

test('each language has all its own words', () => {
  for (const words of EVERY_LANGUAGE.slice(1)) {
    const shared = textsOf(words).filter((text) => text.length > 25 && textsOf(en).includes(text));
    expect(shared, words.locale).toEqual([]);
  }
});

test('a share of a hundred has a space before its sign in German and Spanish only', () => {
  const shown = (draw: typeof onDiscord | typeof onSlack, language: string) =>
    JSON.stringify(draw(view({ kind: 'rendering', fraction: 0.339, language }))).replaceAll('\u00a0', ' ');
  for (const draw of [onDiscord, onSlack]) {
    for (const language of ['en', 'ja', 'zh-CN']) expect(shown(draw, language)).toContain('33%');
    for (const language of ['de', 'es-ES']) expect(shown(draw, language)).toContain('33 %');
  }
});

test('why a render failed is told in the member’s language, with the ID to ask for help', () => {
  const failed = (language: string, code: string) =>
    toOutcomeView(
      { id: 'web-7', request: view().request as never, language },
      { kind: 'failed', code, message: 'The engine exited.', seconds: 1 },
    ).detail;
  expect(failed('en', 'engine_exited')).toBe('The engine exited. If you ask for help, include this ID: web-7');
  for (const { locale, words } of TRANSLATIONS) {
    for (const code of ['engine_exited', 'clip_missing', 'refused']) {
      expect(failed(locale, code)).toBe(`${words.failure(code, '')} ${words.askForHelp('web-7')}`);
    }
  }
});

test.each([
  ['a model, in the member’s language', 'de', 'fastvideo', true, ['Erstellt mit', 'KI']],
  ['a model, where the label is off', 'de', 'fastvideo', false, undefined],
  ['the preview', 'de', 'preview', true, undefined],
])('the label of a clip of %s', async (_what, language, engine, isAiLabelled, expected) => {
  const { request } = view();
  const { result } = clipOf('clips/web-7.mp4');
  const { facts } = toOutcomeView(
    { id: 'web-7', request: request as never, language },
    { kind: 'done', clip: 'clips/web-7.mp4', result: { ...result, engine }, seconds: 1, engineSeconds: 1 },
    isAiLabelled,
  );
  const found = facts.find(({ label }) => label === 'Erstellt mit');
  expect(found && [found.label, found.value]).toEqual(expected);
});

test('the label is in all languages, in short', () => {
  const labels = ['en', 'de', 'es-ES', 'ja', 'zh-CN'].map((language) => {
    const { facts, ai } = wordsOf(language);
    return `${facts.madeWith} ${ai}`;
  });
  expect(labels).toEqual(['Made with AI', 'Erstellt mit KI', 'Hecho con IA', '作成方法 AI生成', '生成方式 AI']);
});
