// What members write on Slack, and how Slack sends it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWrittenText, withNamesOf, withoutMentions } from '../../../src/bots/slack/text.ts';

const NAMES: Record<string, string> = { U2: 'Bob', U3: 'seed:3 <!here>' };
const asWords = (raw: string) =>
  withNamesOf(readWrittenText(raw), 'U0BOT', async (user) => NAMES[user] ?? `friend ${user}`);

test.each([
  ['<@U0BOT>: she smiles', 'she smiles'],
  ['hey <@U0BOT>, please wave', 'hey, please wave'],
  ['<@U0BOT|animate> wave at <@U2|bob>', 'wave at Bob'],
  ['<@U0BOT> wave at <@U2>', 'wave at Bob'],
  ['<@U3> waves', 'seed 3 here waves'],
  ['meet in <#C1|general> or <#C2> or <#C3|>', 'meet in #general or channel or channel'],
  ['<!here> <!channel> <!everyone|everyone> wave', '@here @channel everyone wave'],
  ['<!subteam^S1|@design> and <!subteam^S2> wave', '@design and everyone wave'],
  ['<tel:+4912345|call> <tel:+4912345>', 'call +4912345'],
  ['at <!date^1700000000^{time}|ten past ten>', 'at ten past ten'],
  ['<https://a.example/b?c=1&amp;d|a.example> <mailto:a@b.c> <https://b.example>', 'a.example a@b.c https://b.example'],
  ['1 &lt; 2 &amp;amp; &lt;@U9&gt;', '1 < 2 &amp; <@U9>'],
])('%j is read as %j', async (raw, words) => {
  expect(await asWords(raw)).toBe(words);
});

test('the words alone decide whether somebody asks for help', () => {
  expect(withoutMentions(readWrittenText('<@U0BOT> help').text)).toBe('help');
  expect(withoutMentions(readWrittenText('<@U0BOT>, help <@U2>').text)).toBe('help');
});

test('names are asked for of five people at most, however many are mentioned, and of the bot never', async () => {
  const asked: string[] = [];
  const raw = Array.from({ length: 300 }, (_, index) => `<@U${index + 100}>`).join(' ');
  const words = await withNamesOf(readWrittenText(`<@U0BOT> ${raw}`), 'U0BOT', async (user) => {
    asked.push(user);
    return user;
  });
  expect(asked).toEqual(['U100', 'U101', 'U102', 'U103', 'U104']);
  expect(words).toMatch(/^U100 U101 U102 U103 U104 someone someone /);
});

test.each(['<', '<@U1>', '<a|', '<#C1|', '&lt;', '<!date^'])('many %j take time in proportion', (piece) => {
  const startedAt = performance.now();
  withoutMentions(readWrittenText(piece.repeat(100_000)).text);
  expect(performance.now() - startedAt).toBeLessThan(3000);
});

test('whatever Slack sends is read', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('<', '>', '|', '@U1', '!here', '#C1', '&lt;', '&amp;'));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      expect(typeof readWrittenText(pieces.join('')).text).toBe('string');
    }),
  );
});
