// Views as Discord's messages: whatever a member types stays text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeCommands } from '../../../src/bots/discord/commands.ts';
import {
  drawStarter,
  drawStatus,
  plain,
  readCustomId,
  toDescription,
  toThreadName,
} from '../../../src/bots/discord/drawing.ts';
import { createEditForm, createPicturesForm } from '../../../src/bots/discord/forms.ts';
import { TRANSLATIONS, wordsOf } from '../../../src/bots/languages/languages.ts';
import { view } from '../web/fixtures.ts';

const asking = (prompt: string) => view({ request: { ...view().request, prompt } });

test.each([
  ['@everyone look', '@\u200beveryone look'],
  ['<@123456789012345678>', '<\u200b@\u200b123456789012345678>'],
  ['<#1> <:cat:2> <t:1:R>', '<\u200b#1> <\u200b:cat:2> <\u200bt:1:R>'],
  ['**bold** _it_ ~~no~~ ||secret|| `code`', '\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\|\\|secret\\|\\| \\`code\\`'],
  ['see https://example.com', 'see https:\u200b//example.com'],
  ['-# small', '\\-# small'],
  ['www.example.com', 'www\u200b.example.com'],
  ['join discord.gg/abc', 'join discord.gg\u200b/abc'],
  ['and discord.com/invite/abc', 'and discord.com\u200b/invite/abc'],
  ['she \u202egnp.live\u2066 waves', 'she gnp.live waves'],
])('%j is shown as it was typed', (typed, shown) => {
  expect(plain(typed)).toBe(shown);
});

test('an endless text of an engine is escaped in no time to speak of', () => {
  const began = performance.now();
  expect(plain('*_~`|'.repeat(200_000)).length).toBeLessThan(10_000);
  expect(performance.now() - began).toBeLessThan(5000);
});

test('no prompt makes a mention, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (prompt) => {
      const { content, allowed_mentions } = drawStarter(asking(prompt));
      expect(content).not.toMatch(/<[@#:]|@(everyone|here)/);
      expect(allowed_mentions).toEqual({ parse: [] });
    }),
  );
});

test('a long prompt is cut in the starter and in the name of the thread', () => {
  const long = asking('wind '.repeat(200));
  expect(drawStarter(long).content.length).toBeLessThan(310);
  expect(toThreadName(long).length).toBeLessThanOrEqual(80);
  expect(toThreadName(asking('\u200b\n'))).toBe('animate');
});

test.each([
  ['👨\u200d👩\u200d👧 wave', '👨\u200d👩\u200d👧 wave'],
  ['می\u200cخواهم', 'می\u200cخواهم'],
  ['she\u202e waves', 'she waves'],
  ['she\u200b\u200d\n waves', 'she waves'],
  ['\u3164', 'animate'],
  ['\u2800 \u200d', 'animate'],
])('a thread for %j is called %j', (prompt, name) => {
  expect(toThreadName(asking(prompt))).toBe(name);
});

test('the alternative text turns nothing around', () => {
  expect(toDescription(asking('she \u202ewaves'))).toBe('she waves');
});

test('the countdown is Discord’s own, so that it needs no edits', () => {
  const { content } = drawStatus(
    view({ kind: 'rendering', headline: 'Drawing', fraction: 0.5, readyAt: 1_700_000_000_400 }),
  );
  expect(content).toBe('**Drawing** · expected <t:1700000001:R>\n▰▰▰▰▰▰▱▱▱▱▱▱ 50%');
});

test('a custom id carries a render’s id only, and what is not ours is not read', () => {
  const [row] = drawStatus(view({ buttons: ['again', 'delete'] })).components;
  expect(row?.components.map(({ custom_id }) => custom_id)).toEqual(['again:web-1', 'delete:web-1']);
  expect(readCustomId('again:web-1')).toEqual({ button: 'again', renderId: 'web-1' });
  for (const other of ['', 'again', 'again:', 'again:../x', 'open:web-1', `again:${'x'.repeat(90)}`]) {
    expect(readCustomId(other)).toBeUndefined();
  }
});

test('every language fits the limits that Discord has for commands', () => {
  for (const command of describeCommands()) expect(JSON.stringify(command).length).toBeLessThan(8000);
  for (const { locale, words } of TRANSLATIONS) {
    const { menu, quick, sharp, fast, best, size, crop, pad, firstFrame, ...options } = words.commands;
    for (const { name, description } of Object.values(options)) {
      // As in Discord's documentation of application commands.
      expect(name, `${locale}: ${name}`).toMatch(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u);
      expect(name).toBe(name.toLowerCase());
      expect(description.length).toBeLessThanOrEqual(100);
    }
    expect(menu.length).toBeLessThanOrEqual(32);
    for (const choice of [quick, sharp, fast, best, size, crop, pad, firstFrame])
      expect(choice.length).toBeLessThanOrEqual(100);
    for (const label of [...Object.values(words.buttons), ...Object.values(words.offers)])
      expect(label.length).toBeLessThanOrEqual(80);
  }
});

test('the forms of every language can be built, with several pictures or long words', () => {
  const pictures = Array.from({ length: 30 }, (_, index) => ({ url: 'u', name: `${'long '.repeat(30)}${index}.png` }));
  for (const { words } of [...TRANSLATIONS, { words: wordsOf('en-GB') }]) {
    expect(createPicturesForm('1', pictures, words).toJSON().components).toHaveLength(4);
    const request = { ...view().request, prompt: 'x'.repeat(1000), negative: 'y'.repeat(1000) };
    expect(createEditForm('web-1', request, words).toJSON().components).toHaveLength(5);
  }
});

test('a form’s title and labels are whole in every language, and an option of a choice as well', () => {
  const pictures = [1, 2].map((index) => ({ url: 'u', name: `${index}.png` }));
  for (const { words } of [...TRANSLATIONS, { words: wordsOf('en-GB') }]) {
    for (const form of [createPicturesForm('1', pictures, words), createEditForm('web-1', view().request, words)]) {
      const { title, components } = form.toJSON();
      expect(JSON.stringify(components)).not.toContain('…');
      // As in Discord's documentation of modals.
      for (const text of [title, ...components.map((each) => ('label' in each ? each.label : ''))]) {
        expect(Array.from(text).length, text).toBeLessThanOrEqual(45);
      }
    }
  }
});
