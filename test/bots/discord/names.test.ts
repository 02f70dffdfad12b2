// What members mention in a prompt reaches the model as words.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ParsedCommand } from '../../../src/bots/command.ts';
import { BOB, BOT_ID, type Discord, ROLE_ID } from '../../fakes/discord/discord.ts';
import { createStarted, type Started } from './started.ts';

const PICTURE = Buffer.from('a picture');
const STRANGER = '300000000000000077';
const FAR_ROLE = '400000000000000077';
const AT = 1_618_949_410;

let started: Started;
let discord: Discord;

beforeEach(async () => {
  started = await createStarted();
  ({ discord } = started);
  await started.start();
});
afterEach(() => started.stop());

const promptOf = async (index = 0): Promise<string> => {
  const { text } = await discord.until(() => started.script.commands[index]);
  return (text as ParsedCommand).prompt;
};

const RESOLVED = {
  users: { [BOB.id]: { id: BOB.id, username: 'bob_1', global_name: 'Bob', discriminator: '0', avatar: null } },
  members: { [BOB.id]: { nick: 'Bobby **B**' } },
  roles: { [FAR_ROLE]: { id: FAR_ROLE, name: 'Far sailors', permissions: '0' } },
  channels: { '500000000000000001': { id: '500000000000000001', type: 0, name: 'the-pond' } },
};

test.each([
  ['a member', `<@${BOB.id}> waves`, 'Bobby B waves'],
  ['a member in the old way', `hi <@!${BOB.id}>!`, 'hi Bobby B!'],
  ['who asks', '<@300000000000000001> waves', 'Ada waves'],
  ['somebody whom nobody names', `<@${STRANGER}> waves`, 'someone waves'],
  ['the bot itself', `<@${BOT_ID}>, she waves`, 'she waves'],
  ['a role of a server that the bot is not in', `the <@&${FAR_ROLE}> sing`, 'the Far sailors sing'],
  ['a role that the bot knows', `the <@&${ROLE_ID}> sing`, 'the Gardeners sing'],
  ['a channel', 'they swim in <#500000000000000001>.', 'they swim in the-pond.'],
  ['a custom emoji', 'she does <a:happy_dance:123456789012345670>', 'she does happy dance'],
  ['two custom emoji', '<:cat:123456789012345670><:dog:123456789012345671> run', 'catdog run'],
  ['a command', 'she types </animate:123456789012345670>', 'she types animate'],
  ['a date', `fireworks on <t:${AT}:D>`, 'fireworks on April 20, 2021'],
  ['a time', `the clock shows <t:${AT}:t>`, 'the clock shows 8:10 PM'],
  ['a moment', `since <t:${AT}>`, 'since April 20, 2021 at 8:10 PM'],
  ['a moment in relation', `since <t:${AT}:R>`, 'since April 20, 2021 at 8:10 PM'],
  ['no moment at all', 'until <t:9999999999999:f> she waves', 'until she waves'],
  ['what only looks like a mention', 'a <@12> b <#x> c < d', 'a <@12> b <#x> c < d'],
  ['marks that nobody sees', 'a\u202Eb\u200Bc\u2066d', 'abcd'],
])('a prompt that mentions %s says it in words', async (_what, prompt, words) => {
  discord.animate(PICTURE, { prompt }, { resolved: RESOLVED });
  expect((await promptOf()).replaceAll('\u202f', ' ')).toBe(words);
});

test('a channel that Discord resolves nowhere has the name that the bot knows', async () => {
  const { id } = discord.garden;
  discord.animate(PICTURE, { prompt: `she walks to <#${id}>` });
  expect(await promptOf()).toBe('she walks to garden');
});

test.each([
  ['nothing', {}],
  ['null', { users: null, members: null, roles: null, channels: null }],
  ['another kind', { users: 7, members: [], roles: { [FAR_ROLE]: { name: 5 } }, channels: { x: null } }],
])('a prompt with mentions is taken where %s is resolved', async (_what, resolved) => {
  const prompt = `<@${BOB.id}> and the <@&${FAR_ROLE}> walk to <#500000000000000001>`;
  discord.animate(PICTURE, { prompt }, { resolved });
  expect(await promptOf()).toBe('someone and the walk to');
});

test('the words of a form, and what is to be left out, are said in words, too', async () => {
  const menu = discord.menu(discord.post([discord.upload(PICTURE)]));
  await discord.until(() => menu.modal);
  discord.submit(menu, { prompt: `<@${STRANGER}> does <:happy_dance:123456789012345670>` });
  expect(await promptOf()).toBe('someone does happy dance');
  discord.animate(PICTURE, { negative: `<@&${ROLE_ID}>` });
  const { text } = await discord.until(() => started.script.commands[1]);
  expect(text).toMatchObject({ negative: 'Gardeners' });
});
