// What people paste and type, before it is read as a command.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCallForHelp, toOneLine, toPlainName, withNames } from '../../src/bots/typed-text.ts';

describe('invisible marks', () => {
  test.each([
    ['\u200b', ''],
    ['\u202egnp.exe', 'gnp.exe'],
    ['she\u00ad \ufeffsmiles\u2066\u2069', 'she smiles'],
    ['a\u200db\u200cc', 'abc'],
    ['\u{e0068}\u{e0069}hidden', 'hidden'],
    ['\u3164\u2800', ''],
  ])('go from %j', (typed, text) => {
    expect(toOneLine(typed)).toBe(text);
  });

  test.each(['👨‍👩‍👧 waves', '👩🏽‍🚀 floats', '🏳️‍🌈 flutters', '🏴󠁧󠁢󠁳󠁣󠁴󠁿 flutters', 'او می‌خندد', 'क्‍ष नाचता है'])(
    'stay in %j, whose letters need them',
    (typed) => {
      expect(toOneLine(typed)).toBe(typed);
    },
  );

  test('are all gone after one look, whatever the text is', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        '\u200b',
        '\u200d',
        '\u200c',
        '👩',
        '🏴',
        '\u{e0067}',
        '\u{e007f}',
        '\ufe0f',
        '\ud83d',
        '\ude00',
        'می',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const once = toOneLine(pieces.join(''));
        expect(toOneLine(once)).toBe(once);
        expect(once).not.toMatch(/[\u200b\u202a-\u202e\u2066-\u2069\ufeff]/);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['\u200d', '👩\u200d', '\u{1f3f4}\u{e0067}', '\u{e0067}'])(
    'of many %j take time in proportion',
    (piece) => {
      const startedAt = performance.now();
      toOneLine(piece.repeat(300_000));
      expect(performance.now() - startedAt).toBeLessThan(3000);
    },
  );
});

describe('mentions', () => {
  const names: Record<string, string> = { bot: '', bob: 'Bob', trick: 'seed:3 `x` **<@1>**', nobody: '\u200b' };
  const read = (text: string) => withNames(text, /<@(\w+)>/g, (id) => names[id]);

  test.each([
    ['<@bot> she smiles', 'she smiles'],
    ['<@bot>: she smiles', 'she smiles'],
    ['<@bot>, she smiles', 'she smiles'],
    ['<@bot> — she smiles', 'she smiles'],
    ['hey <@bot>, please wave', 'hey, please wave'],
    ['hey <@bot> please wave', 'hey please wave'],
    ['she smiles <@bot>', 'she smiles'],
    ['she smiles <@bot>.', 'she smiles.'],
    ['wave at <@bob>', 'wave at Bob'],
    ['<@bob> waves, <@bot>!', 'Bob waves!'],
    ['<@trick> waves', 'seed 3 x 1 waves'],
    ['<@nobody> waves', 'someone waves'],
    ['<@unknown> waves', '<@unknown> waves'],
  ])('%j is read as %j', (typed, text) => {
    expect(read(typed)).toBe(text);
  });

  test('a name is never an option, and never long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(toPlainName(name)).not.toMatch(/[:：`"<>@#*_]/);
        expect(Array.from(toPlainName(name)).length).toBeLessThanOrEqual(40);
      }),
    );
    expect(toPlainName('x'.repeat(500))).toHaveLength(40);
  });
});

test('a call for help is nothing but that, in each language', () => {
  for (const text of ['help', 'Help!', ' /help ', 'Hilfe', 'ayuda', 'ヘルプ', '帮助？'])
    expect(isCallForHelp(text)).toBe(true);
  for (const text of ['help her up', 'she helps', '']) expect(isCallForHelp(text)).toBe(false);
});
