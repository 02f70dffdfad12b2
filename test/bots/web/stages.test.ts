// The stages that the page lists behind a render: each is one, in every language, whatever its words begin with.
import { expect, test } from 'vitest';
import { TRANSLATIONS, wordsOf } from '../../../src/bots/languages/languages.ts';
import { stageOf } from '../../../src/bots/web/channel.ts';

test('a headline that begins with a figure or a mark is a stage all the same', () => {
  expect(stageOf('Imagining the motion, step 2 of 3')).toBe('Imagining the motion');
  for (const headline of ['2 of 3 steps imagined', '… imagining, step 2', '(2/3) imagining', '2', ',']) {
    expect(stageOf(headline)).not.toBe('');
  }
});

test('each stage has a name, and all its steps the same one, in every language', () => {
  for (const { stage } of [wordsOf('en'), ...TRANSLATIONS.map(({ words }) => words)]) {
    const names = Object.values(stage).map((words) => {
      const steps = typeof words === 'string' ? [words] : [words(1, 50), words(2, 50), words(50, 50)];
      const [name, ...others] = new Set(steps.map(stageOf));
      expect(others).toEqual([]);
      expect(name).not.toBe('');
      return name;
    });
    expect(new Set(names).size).toBe(names.length);
  }
});
