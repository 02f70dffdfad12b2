import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeFault as onDiscord } from '../../src/bots/discord/faults.ts';
import { TRANSLATIONS, wordsOf } from '../../src/bots/languages/languages.ts';
import { describeFault as onSlack } from '../../src/bots/slack/faults.ts';
import { UserError } from '../../src/errors.ts';
import { pictureType } from '../../src/media/picture-type.ts';
import { tooManyBytes, tooManyPixels, wrongType } from '../../src/media/refusals.ts';
import type { LimitFigures, RefusalFigures, RefusalKind } from '../../src/refusal-kinds.ts';
import { refusal } from '../../src/refusals.ts';
import { outputSize } from '../../src/render.ts';

const UNTIL = Date.UTC(2026, 10, 28, 20, 15);
const en = wordsOf('en');
const LANGUAGES = [{ locale: 'en', words: en }, ...TRANSLATIONS.filter(({ locale }) => locale !== 'es-419')];
const limit = (figures: Partial<LimitFigures>): LimitFigures => ({
  ...{ limit: 'perDay', of: 'member', most: 2, got: undefined, waitSeconds: 3600 },
  ...figures,
});

/** Each kind with figures of every shape, and what every language has to repeat of them. */
const CASES: { [Kind in RefusalKind]: [RefusalFigures[Kind], string[]][] } = {
  command_unknown: [[{ typed: '/imagine' }, ['/imagine', '/animate']]],
  option_twice: [[{ option: 'seed' }, []]],
  option_unknown: [[{ typed: 'speed', meant: 'seed' }, ['speed:', 'seed:']]],
  quote_unclosed: [[{ option: 'negative', got: 'rain' }, ['negative:', 'rain']]],
  prompt_missing: [
    [{ isSwallowed: false }, []],
    [{ isSwallowed: true }, ['negative:']],
  ],
  text_too_long: [
    [{ option: 'prompt', length: 999, most: 998 }, ['999', '998']],
    [{ option: 'negative', length: 999, most: 998 }, ['999', '998']],
  ],
  not_a_choice: [[{ option: 'resolution', choices: ['480p', '720p'], got: '4k' }, ['480p', '720p', '4k']]],
  not_in_range: [
    [{ option: 'seconds', from: 1, to: 5, isWhole: false, got: '9' }, ['1', '5', '9']],
    [{ option: 'seed', from: 0, to: 77, isWhole: true, got: '' }, ['0', '77']],
  ],
  picture_missing: [[{}, []]],
  picture_gone: [[{}, []]],
  picture_hidden: [[{}, []]],
  picture_elsewhere: [[{ service: 'Discord' }, ['Discord']]],
  picture_empty: [[{}, ['PNG', 'JPEG']]],
  picture_too_large: [
    [{ bytes: 3 * 2 ** 20, most: 2 ** 20 }, ['3', '1', 'MB']],
    [{ bytes: undefined, most: 2 ** 20 }, ['1', 'MB']],
  ],
  picture_too_many_pixels: [[{ width: 8000, height: 9000, most: 50_000_000 }, ['72', '8000×9000', '50']]],
  picture_too_much_memory: [[{ most: 600 * 2 ** 20 }, ['600']]],
  picture_too_small: [[{ width: 63, height: 90, smallest: 64 }, ['63×90', '64']]],
  picture_wrong_type: [
    [{ noun: '', name: '' }, ['PNG', 'JPEG']],
    [{ noun: 'a video', name: '' }, ['PNG', 'JPEG']],
    [{ noun: 'a TIFF picture', name: '' }, ['TIFF', 'PNG', 'JPEG']],
    [{ noun: 'a rare HEIF picture', name: '' }, ['HEIF', 'PNG', 'JPEG']],
    [{ noun: 'a TIFF picture', name: 'a.png' }, ['PNG', 'JPEG']],
    [{ noun: 'a text file', name: 'a.png' }, ['a.png', 'PNG', 'JPEG']],
    [{ noun: '', name: 'a.png' }, ['a.png', 'PNG', 'JPEG']],
    [{ noun: 'something of tomorrow', name: '' }, ['PNG', 'JPEG']],
  ],
  picture_animated: [
    [{ noun: 'an animated GIF' }, ['GIF', 'PNG', 'JPEG']],
    [{ noun: 'an animated HEIC' }, ['HEIC', 'PNG', 'JPEG']],
  ],
  picture_broken: [[{}, ['PNG', 'JPEG']]],
  picture_too_slow: [[{ seconds: 20 }, ['20', 'PNG', 'JPEG']]],
  aspect_too_extreme: [
    [{ width: 4000, height: 1000, most: 3 }, ['4:1', '4000×1000', '3:1']],
    [{ width: 1000, height: 4000, most: 3 }, ['4:1', '1000×4000', '3:1']],
  ],
  render_unknown: [[{}, []]],
  render_picture_gone: [[{}, []]],
  not_yours: [[{ owner: 'Ada' }, ['Ada']]],
  limit_reached: (['member', 'channel', 'server', 'everyone'] as const).flatMap((of): [LimitFigures, string[]][] => [
    [limit({ of, limit: 'atOnce', most: 1 }), of === 'everyone' ? [] : ['1']],
    [limit({ of, limit: 'atOnce', most: 7, waitSeconds: undefined }), of === 'everyone' ? [] : ['7']],
    [limit({ of, limit: 'perDay', most: 20 }), ['20', '60']],
    [limit({ of, limit: 'gpuSecondsPerDay', most: 600, waitSeconds: 7200 }), ['600', '2']],
    [limit({ of, limit: 'gpuSecondsPerDay', most: 600, waitSeconds: undefined }), ['600']],
    [limit({ of, limit: 'cooldownSeconds', most: 30, waitSeconds: 12.5 }), ['30', '13']],
    [limit({ of, limit: 'resolution', most: '480p', got: '720p', waitSeconds: undefined }), ['480p', '720p']],
    [limit({ of, limit: 'seconds', most: 3, got: 5, waitSeconds: undefined }), ['3', '5']],
  ]),
  refused_pictures: [[{ most: 10, waitSeconds: 1200 }, ['10', '20']]],
  exported_lately: [[{ minutes: 10 }, ['10']]],
  blocked: [
    [{ until: undefined }, []],
    [{ until: UNTIL }, []],
  ],
  blocked_automatically: [[{ until: UNTIL }, []]],
  server_blocked: [[{}, []]],
  refused: [
    [{ strikes: 0, mostStrikes: 3, until: undefined }, []],
    [{ strikes: 2, mostStrikes: 3, until: undefined }, ['2', '3']],
    [{ strikes: 3, mostStrikes: 3, until: UNTIL }, []],
  ],
  near_miss: [[{}, []]],
  consent_missing: [[{ text: 'Only your own pictures.' }, ['Only your own pictures.']]],
  not_in_channel: [[{ invite: '/invite @animate' }, ['/invite @animate']]],
  thread_locked: [[{}, []]],
  channel_archived: [[{}, []]],
  posting_forbidden: [[{}, []]],
  admin_needed: [[{}, []]],
  place_refused: [[{ service: 'Slack', why: 'msg too long' }, ['Slack', 'msg too long']]],
};

function everyRefusal(): { name: string; error: UserError; figures: string[] }[] {
  return (Object.keys(CASES) as RefusalKind[]).flatMap((kind) =>
    (CASES[kind] as [RefusalFigures[RefusalKind], string[]][]).map(([figures, told]) => ({
      name: `${kind} ${JSON.stringify(figures)}`,
      error: refusal(kind, figures),
      figures: told,
    })),
  );
}

test('every refusal is one whole sentence in each language, with its figures and nothing of the English one', () => {
  for (const { name, error, figures } of everyRefusal()) {
    for (const { locale, words } of LANGUAGES) {
      for (const told of [onDiscord(error, words), onSlack(error, words)]) {
        for (const figure of figures) expect(told, `${locale} ${name}`).toContain(figure);
        expect(told, `${locale} ${name}`).not.toMatch(/undefined|NaN|\[object|Expected/);
        if (locale === 'en' || error.code === 'consent_missing') continue;
        expect(told, `${locale} ${name}`).not.toContain(error.message);
        expect(told, `${locale} ${name}`).not.toMatch(/\b(the|you|please|picture|with)\b/i);
      }
    }
  }
});

test('a time is shown in the reader’s own zone where the service can do that, and in UTC elsewhere', () => {
  const error = refusal('blocked_automatically', { until: UNTIL });
  for (const { words } of LANGUAGES) {
    expect(onDiscord(error, words)).toContain(`<t:${UNTIL / 1000}:f>`);
    expect(onSlack(error, words)).toContain(`<!date^${UNTIL / 1000}^`);
  }
  expect(error.message).toContain('2026-11-28 20:15 UTC');
});

test('an option has the name that it has in a form on Discord, and the name that is typed on Slack', () => {
  const error = refusal('not_in_range', { option: 'seconds', from: 1, to: 5, isWhole: false, got: '9' });
  expect(onDiscord(error, wordsOf('de'))).toBe('`sekunden` muss zwischen 1 und 5 sein (du hast 9 geschrieben).');
  expect(onSlack(error, wordsOf('de'))).toBe('`seconds` muss zwischen 1 und 5 sein (du hast 9 geschrieben).');
});

test('nothing that a member typed comes alive in the sentence that repeats it', () => {
  const error = refusal('not_a_choice', { option: 'quality', choices: ['fast'], got: '**@everyone** `x` <!here>' });
  for (const { words } of LANGUAGES) {
    expect(onDiscord(error, words)).not.toMatch(/(?<!\\)\*\*|@everyone|`x`/);
    expect(onSlack(error, words)).not.toMatch(/<!here>|\*\*@|`x`/);
  }
});

test('a refusal of a server is one of a workspace on Slack', () => {
  const error = refusal('server_blocked', {});
  expect(onDiscord(error, en)).toBe('I no longer take requests from this server.');
  expect(onSlack(error, en)).toBe('I no longer take requests from this workspace.');
});

test('a sentence that is there in English only comes below a line in the member’s language', () => {
  const error = new UserError('bad_option', 'No worker is called X.');
  expect(onDiscord(error, en)).toBe('No worker is called X.');
  for (const { words } of LANGUAGES.slice(1)) {
    expect(onDiscord(error, words)).toBe(`${words.refusedInEnglish}\n-# No worker is called X.`);
  }
});

test('no value is refused with the same value, whatever it is rounded to', () => {
  const said = fc.record({
    most: fc.integer({ min: 1, max: 500_000_000 }),
    over: fc.oneof(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 500_000_000 })),
  });
  const figuresOf = (told: string, shape: RegExp) => [...told.matchAll(shape)].map(([, figure]) => figure);
  fc.assert(
    fc.property(said, ({ most, over }) => {
      for (const { words } of LANGUAGES) {
        const bytes = figuresOf(onDiscord(tooManyBytes(most + over, most), words), /([\d.,]+) MB/g);
        expect(bytes).toHaveLength(2);
        expect(bytes[0]).not.toBe(bytes[1]);
      }
      const pixels = tooManyPixels({ width: most + over, height: 1 }, most).message;
      const [, got, limit] = /has ([\d.,]+) megapixels .* limit is ([\d.,]+?)\. /.exec(pixels) ?? [];
      expect(got).toBeDefined();
      expect(got).not.toBe(limit);
    }),
  );
});

test.each([
  [975, 321, '3.1:1'],
  [3001, 1000, '3.1:1'],
  [1000, 3001, '3.1:1'],
  [1080, 10_000, '9.3:1'],
])('a picture of %i×%i is told that it is %s, and that the limit is 3:1', (width, height, got) => {
  expect(() => outputSize({ width, height }, '480p')).toThrow(`it's ${got} (${width}×${height}), and the limit is 3:1`);
});

test('a file of every kind that is known by name is called by its name in every language, with a way out', () => {
  const kinds = ['%PDF', 'II*\0', '\0\0\x01\0', '8BPS', 'ID3', 'PK\x03\x04', 'Rar!', '\x7fELF', '<svg>'];
  for (const start of [...kinds, '<html>', 'words', '\0\0\0\x18ftypvvic', '\0\0\0\x18ftypmp42']) {
    const error = wrongType(pictureType(Buffer.from(start.padEnd(40, ' '), 'latin1')), 'file');
    for (const { locale, words } of LANGUAGES) {
      const told = onDiscord(error, words);
      const unknown = onDiscord(refusal('picture_wrong_type', { noun: '', name: '' }), words);
      expect(told, `${locale} ${start}`).not.toBe(unknown);
      expect(told, `${locale} ${start}`).toMatch(/PNG.*JPEG/);
    }
  }
});

test('a locale that is the name of something in JavaScript is English', () => {
  for (const locale of ['__proto__', 'constructor', 'toString-x', '']) expect(wordsOf(locale)).toBe(en);
});
