// Views as Slack's messages: whatever a member types stays text, and nothing is larger than Slack takes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cut,
  cutEscaped,
  drawStarter,
  drawStatus,
  plain,
  readButton,
  toAltText,
  toMrkdwn,
  toTitle,
} from '../../../src/bots/slack/drawing.ts';
import type { View } from '../../../src/bots/view.ts';
import { faultsOfBlocks } from '../../fakes/slack/block-kit.ts';
import type { Json } from '../../fakes/slack/world.ts';
import { view } from '../web/fixtures.ts';

const asking = (prompt: string) => view({ request: { ...view().request, prompt } });

/** Words as people and attackers write them: any characters, with Slack's own marks among them. */
const typed = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '<!channel>',
        '<!here>',
        '<@U0ADA00001>',
        '<#C1|x>',
        '<https://evil.example|slack.com>',
        '&lt;!channel&gt;',
      ),
      fc.constantFrom(
        '*',
        '_',
        '~',
        '`',
        '```',
        ':',
        ':smile:',
        '\n>',
        '>>>',
        '&amp;',
        '<',
        '>',
        '|',
        '!',
        '@',
        '\u200b',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test.each([
  ['<!channel> look', '&lt;!channel&gt; look'],
  ['<@U0ADA00001>', '&lt;@U0ADA00001&gt;'],
  ['&lt;!here&gt;', '&amp;lt;!here&amp;gt;'],
  ['*bold* _it_ ~no~', '\u200b*\u200bbold\u200b*\u200b \u200b_\u200bit\u200b_\u200b \u200b~\u200bno\u200b~\u200b'],
  ['a :smile: b', 'a :\u200bsmile: b'],
  ['> quoted', '\u200b&gt; quoted'],
  ['snake_case and 2*3', 'snake_case and 2*3'],
])('%j is shown as it was typed', (text, shown) => {
  expect(plain(text)).toBe(shown);
});

test('no prompt makes a mention, a link or a special word, whatever is in it', () => {
  fc.assert(
    fc.property(typed, (text) => {
      const safe = plain(text);
      expect(safe).not.toMatch(/[<>]/);
      expect(safe).not.toMatch(/&(?!(amp|lt|gt);)/);
      // What Slack shows of it is what was typed, but for characters that nobody sees.
      const shown = safe.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
      expect(shown.replaceAll('\u200b', '')).toBe(text.replaceAll('\u200b', ''));
      // The only mention is the member's own, which the bot wrote.
      expect(drawStarter(asking(text), 'U0ADA00001').match(/<[^>]*>/g)).toEqual(['<@U0ADA00001>']);
    }),
  );
});

test('no emoji, quote, code fence or emphasis comes of a prompt', () => {
  fc.assert(
    fc.property(typed, (text) => {
      const safe = plain(text);
      expect(safe).not.toMatch(/:[\w+-]+:(?!\u200b)[\w+-]*:/);
      expect(safe).not.toMatch(/(^|\n)(&gt;|>)/);
      expect(safe).not.toContain('```');
      // A mark that could begin emphasis stands between characters that nobody sees.
      expect(safe).not.toMatch(/(^|\s)[*_~`]/);
    }),
  );
});

test('a picture’s starter is one quoted line, however many the prompt had', () => {
  expect(drawStarter(asking('one\n\n>two\r\n```three'), 'U1')).toBe(
    '<@U1>\n>one &gt;two \u200b`\u200b\u200b`\u200b\u200b`\u200bthree',
  );
});

test('what is long is cut to what Slack takes', () => {
  const long = asking('🎈'.repeat(1000));
  expect(drawStarter(long, 'U1').length).toBeLessThan(3000);
  expect(Array.from(toTitle(long))).toHaveLength(150);
  expect(Array.from(toAltText(long))).toHaveLength(1000);
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcd', 3)).toBe('ab…');
});

test('every status fits Slack’s blocks, with the worst that can be in it', () => {
  const worst: View = view({
    ...{
      kind: 'failed',
      headline: '<&>'.repeat(50),
      detail: '<&>'.repeat(150),
      readyAt: 1_700_000_000_000,
      fraction: 1,
    },
    facts: [{ label: 'Seed', value: '<'.repeat(100) }],
    buttons: ['again', 'edit', 'larger', 'extend', 'delete'],
  });
  const { blocks, text } = drawStatus(worst);
  for (const block of blocks) if (block.type === 'section') expect(block.text?.text.length).toBeLessThanOrEqual(3000);
  expect(text.length).toBeLessThanOrEqual(4000);
});

test('the time is Slack’s own, in each reader’s zone, so that it needs no edits', () => {
  const { blocks } = drawStatus(
    view({ kind: 'rendering', headline: 'Drawing', fraction: 0.5, readyAt: 1_700_000_000_400 }),
  );
  expect(blocks[0]).toMatchObject({
    text: { text: '*Drawing* · expected at <!date^1700000001^{time_secs}|22:13:20 UTC>\n▰▰▰▰▰▰▱▱▱▱▱▱ 50%' },
  });
});

test('a button carries a render’s id only, and what is not ours is not read', () => {
  expect(readButton('render_again', 'slack-1')).toEqual({ button: 'again', renderId: 'slack-1' });
  for (const [action, value] of [
    ['render_again', undefined],
    ['render_again', '../x'],
    ['render_again', 'x'.repeat(101)],
    ['render_toString', 'slack-1'],
    ['again', 'slack-1'],
  ] as const) {
    expect(readButton(action, value)).toBeUndefined();
  }
});

test('what admins are told is bold in Slack’s way, and names of members are text', () => {
  expect(toMrkdwn('**3 waiting** by <@U1> & co')).toBe('*3 waiting* by &lt;@U1&gt; &amp; co');
});

test('a status whose failure is told at length fits into what Slack takes, and its link stays whole', () => {
  const link = '<https://media.example/clip.mp4?signature=1|watch it here>';
  for (const detail of ['<'.repeat(2900), '&'.repeat(9000), '*'.repeat(3000), 'x'.repeat(10_000)]) {
    const { blocks } = drawStatus(view({ kind: 'failed', detail }), [link]);
    expect(faultsOfBlocks(blocks as unknown as Json[])).toEqual([]);
    const [first] = blocks as { text: { text: string } }[];
    expect(first?.text.text).toContain(link);
    expect(first?.text.text).not.toMatch(/&(?!(amp|lt|gt);)/);
  }
});

test('what is escaped is cut between its marks', () => {
  for (let length = 1; length < 40; length += 1) {
    expect(cutEscaped('&amp;&lt;&gt;'.repeat(3), length)).toMatch(/^(&(amp|lt|gt);)*…?$/);
  }
});
