import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMMAND_OPTIONS,
  formatCommand,
  type ParsedCommand,
  parseCommand,
  toOneLine,
  withOffer,
} from '../../src/bots/command.ts';
import { UserError } from '../../src/errors.ts';
import { FITS, FRAMES, LARGEST_SEED, LONGEST_PROMPT, RESOLUTIONS } from '../../src/limits.ts';

const DEFAULTS = { negative: '', resolution: '480p', quality: 'fast', seconds: 5, seed: undefined };

function refusal(text: string): UserError {
  try {
    parseCommand(text);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`Expected a refusal of ${JSON.stringify(text)}`);
}

describe('parseCommand', () => {
  it.each<[string, Partial<ParsedCommand>]>([
    ['/animate she smiles', { prompt: 'she smiles' }],
    ['she smiles', { prompt: 'she smiles' }],
    ['/ANIMATE   she\n smiles\t', { prompt: 'she smiles' }],
    [
      '/animate she smiles resolution:720p seconds:3 seed:42 negative:"blurry, text"',
      { prompt: 'she smiles', resolution: '720p', seconds: 3, seed: 42, negative: 'blurry, text' },
    ],
    ['seconds:2.5 she smiles', { prompt: 'she smiles', seconds: 2.5 }],
    ['she Seconds: 3 smiles', { prompt: 'she smiles', seconds: 3 }],
    ['she smiles resolution:720', { prompt: 'she smiles', resolution: '720p' }],
    ['prompt:"turn to seconds:3" seconds:2', { prompt: 'turn to seconds:3', seconds: 2 }],
    ['prompt:she smiles seed:0', { prompt: 'she smiles', seed: 0 }],
    [
      'she smiles negative:blurry, low quality seed:7',
      { prompt: 'she smiles', negative: 'blurry, low quality', seed: 7 },
    ],
    ['negative:“on a phone” she smiles', { prompt: 'she smiles', negative: 'on a phone' }],
    ['negative:"a \\"sign\\" \\\\ here" she smiles', { prompt: 'she smiles', negative: 'a "sign" \\ here' }],
    ['she prompt:"" smiles prompt', { prompt: 'she smiles prompt' }],
    ['prompt:"she \\ smiles"', { prompt: 'she smiles' }],
    ['camera: slow, light: warm', { prompt: 'camera: slow, light: warm' }],
    ['style:noir at 10:30, see https://example.org', { prompt: 'style:noir at 10:30, see https://example.org' }],
    ['a sign that says "seconds:3"', { prompt: 'a sign that says "seconds:3"' }],
    ['seeds: they fall', { prompt: 'seeds: they fall' }],
    ['`she smiles seconds:3 resolution:720p`', { prompt: 'she smiles', seconds: 3, resolution: '720p' }],
    ['she smiles `seconds:3 resolution:720p`', { prompt: 'she smiles', seconds: 3, resolution: '720p' }],
    ['```she smiles seconds:2```', { prompt: 'she smiles', seconds: 2 }],
    ['```\n/animate she smiles seed:7\n```', { prompt: 'she smiles', seed: 7 }],
    ['she smiles seconds:2,5', { prompt: 'she smiles', seconds: 2.5 }],
    ['seconds:3, she smiles, seed:7.', { prompt: 'she smiles,', seconds: 3, seed: 7 }],
    ['she smiles seconds：２．５ seed:７ resolution:４８０ｐ', { prompt: 'she smiles', seconds: 2.5, seed: 7 }],
    ['她微笑 ｓｅｅｄ：７', { prompt: '她微笑', seed: 7 }],
    ['negative:„Text, Schrift“ she smiles', { prompt: 'she smiles', negative: 'Text, Schrift' }],
    ['negative:‚Text‘ she smiles', { prompt: 'she smiles', negative: 'Text' }],
    ['negative:«texte flou» she smiles', { prompt: 'she smiles', negative: 'texte flou' }],
    ['negative:»Text hier« she smiles', { prompt: 'she smiles', negative: 'Text hier' }],
    ['negative:‹texte flou› she smiles', { prompt: 'she smiles', negative: 'texte flou' }],
    ['negative:「文字」 she smiles', { prompt: 'she smiles', negative: '文字' }],
    ['negative:『文字』 she smiles', { prompt: 'she smiles', negative: '文字' }],
    ['negative:”suddig text” she smiles', { prompt: 'she smiles', negative: 'suddig text' }],
    ['negative:‘he doesn’t move’ she smiles', { prompt: 'she smiles', negative: 'he doesn’t move' }],
    ["negative:'he doesn't move' she smiles", { prompt: 'she smiles', negative: "he doesn't move" }],
    ["she doesn't blink, it's calm", { prompt: "she doesn't blink, it's calm" }],
    ["she smiles negative:it's blurry", { prompt: 'she smiles', negative: "it's blurry" }],
    ['she\u200b smiles\u202e', { prompt: 'she smiles' }],
    ['she smiles quality:Best', { prompt: 'she smiles', quality: 'best' }],
    ['she smiles fit:Crop frame:first', { prompt: 'she smiles', fit: 'crop', frame: 'first' }],
    ['hit:me sit:down', { prompt: 'hit:me sit:down' }],
  ])('reads %j', (text, expected) => {
    expect(parseCommand(text)).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    ['', 'prompt_missing', 'Tell me how the picture should move, for example "she smiles and looks up".'],
    [
      '/animate seconds:3',
      'prompt_missing',
      'Tell me how the picture should move, for example "she smiles and looks up".',
    ],
    [
      'negative:blurry she smiles',
      'prompt_missing',
      'Tell me how the picture should move: put that before `negative:`, or put what to leave out in quotes.',
    ],
    ['she smiles seconds:45', 'bad_option', '`seconds` must be between 1 and 5 (you wrote 45).'],
    ['she smiles seconds:0.5', 'bad_option', '`seconds` must be between 1 and 5 (you wrote 0.5).'],
    ['she smiles seconds:-1', 'bad_option', '`seconds` must be between 1 and 5 (you wrote -1).'],
    ['she smiles seconds:', 'bad_option', '`seconds` must be between 1 and 5.'],
    ['she smiles seconds:3 seconds:4', 'bad_option', 'You gave `seconds` twice. Please give it once.'],
    ['she smiles resolution:4k', 'bad_option', '`resolution` must be `480p` or `720p` (you wrote 4k).'],
    ['she smiles seed:1.5', 'bad_option', '`seed` must be a whole number between 0 and 4294967295 (you wrote 1.5).'],
    [
      'she smiles seed:4294967296',
      'bad_option',
      '`seed` must be a whole number between 0 and 4294967295 (you wrote 4294967296).',
    ],
    [
      'she smiles negative:"blurry',
      'bad_option',
      'The quote after `negative:` never ends (you wrote "blurry). Please add the closing quotation mark.',
    ],
    [
      'she smiles resolutoin:720p',
      'bad_option',
      "I don't know the option `resolutoin:`. Did you mean `resolution:`? If it's part of the sentence, put a space after the colon.",
    ],
    ['\u200b', 'prompt_missing', 'Tell me how the picture should move, for example "she smiles and looks up".'],
    [
      'slow pan speed:2',
      'bad_option',
      "I don't know the option `speed:`. Did you mean `seed:`? If it's part of the sentence, put a space after the colon.",
    ],
    [
      'she smiles negative:„blurry',
      'bad_option',
      'The quote after `negative:` never ends (you wrote „blurry). Please add the closing quotation mark.',
    ],
    ['she smiles seconds:９', 'bad_option', '`seconds` must be between 1 and 5 (you wrote ９).'],
    ['she smiles fit:stretch', 'bad_option', '`fit` must be `crop` or `pad` (you wrote stretch).'],
    ['she smiles frame:2', 'bad_option', '`frame` must be `first` (you wrote 2).'],
    [
      'she smiles fits:crop',
      'bad_option',
      "I don't know the option `fits:`. Did you mean `fit:`? If it's part of the sentence, put a space after the colon.",
    ],
    ['/imagine a cat', 'bad_command', "I don't know the command /imagine. Please start with `/animate`."],
  ])('refuses %j', (text, code, message) => {
    expect(refusal(text)).toMatchObject({ code, message });
  });

  it('refuses a prompt longer than the model reads', () => {
    expect(parseCommand('x'.repeat(LONGEST_PROMPT)).prompt.length).toBe(LONGEST_PROMPT);
    expect(refusal('x'.repeat(LONGEST_PROMPT + 1))).toMatchObject({
      code: 'prompt_too_long',
      message: "That's 1,001 characters; the limit is 1,000.",
    });
  });

  it('names a mistyped option however it slipped', () => {
    for (const [typed, meant] of [
      ['res:720p', 'resolution'],
      ['second:3', 'seconds'],
      ['sede:3', 'seed'],
      ['negativ:x', 'negative'],
    ] as const) {
      expect(refusal(`she smiles ${typed}`).message).toContain(`\`${meant}:\``);
    }
  });

  it('gives any text a valid request or one sentence of refusal', () => {
    const names = [...COMMAND_OPTIONS.map((option) => option.name), 'prompt', 'resolutoin', 'camera'];
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        '/animate',
        ' ',
        '"',
        '\\',
        '“',
        '”',
        '`',
        "'",
        '‘',
        '’',
        '«',
        '：',
        '\u200b',
        '\u200d',
        ':',
        '\n',
        '\ud800',
        '480p',
        '720P',
        '3',
        '2.5',
        '-1',
      ),
      fc.constantFrom(...names).map((name) => ` ${name}:`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        try {
          const request = parseCommand(text);
          expect(request.prompt).toBe(toOneLine(request.prompt));
          expect(request.prompt.length).toBeGreaterThan(0);
          expect(request.prompt.length).toBeLessThanOrEqual(LONGEST_PROMPT);
          expect(RESOLUTIONS).toContain(request.resolution);
          expect(request.seconds >= 1 && request.seconds <= 5).toBe(true);
          expect(request.seed === undefined || Number.isInteger(request.seed)).toBe(true);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.message).toMatch(/^[A-Z`].{10,300}[.]$/u);
          expect(error.message.length).toBeLessThan(200);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes what a refusal offers, and keeps the rest of the command', () => {
    const command = parseCommand('she smiles seed:7 fit:pad');
    expect(withOffer(command, 'crop')).toEqual({ ...command, fit: 'crop' });
    expect(withOffer(command, 'first_frame')).toEqual({ ...command, frame: 'first' });
    expect(formatCommand(withOffer(command, 'first_frame'))).toBe('/animate she smiles seed:7 fit:pad frame:first');
  });

  it('reads back what formatCommand writes', () => {
    const words = fc
      .oneof(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.constantFrom('seconds:3', 'a "b" \\', '/x', 'camera: slow'),
      )
      .map(toOneLine);
    const request = fc.record({
      prompt: words.filter((text) => text !== ''),
      negative: words,
      resolution: fc.constantFrom(...RESOLUTIONS),
      quality: fc.constantFrom('fast' as const, 'best' as const),
      fit: fc.constantFrom(undefined, ...FITS),
      frame: fc.constantFrom(undefined, ...FRAMES),
      seconds: fc.integer({ min: 10, max: 50 }).map((tenths) => tenths / 10),
      seed: fc.option(fc.integer({ min: 0, max: LARGEST_SEED }), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, (each) => {
        expect(parseCommand(formatCommand(each))).toEqual(each);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    'x ',
    'seconds:',
    '"',
    'negative:"',
    '\\"',
    'abc:',
    'a',
    '“',
    '\u0000 ',
    "'",
    "'a",
    '’a ',
    '`',
    '`a',
    '‚',
    '：',
    '»«',
  ])('takes time in proportion to a text of many %j', (piece) => {
    const startedAt = performance.now();
    try {
      parseCommand(`x negative:${piece.repeat(300_000)}`);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
    // A quadratic pass over this text takes minutes.
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});
