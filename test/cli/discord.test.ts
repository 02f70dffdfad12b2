// `animate-bot discord`: what an operator is told before anybody uses the bot.
import { PermissionFlagsBits, PermissionsBitField } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Discord, EVERY_PERMISSION, startDiscord } from '../fakes/discord/discord.ts';
import { main, run } from '../fakes/roles.ts';

let discord: Discord;

beforeEach(async () => {
  discord = await startDiscord();
});
afterEach(() => discord.close());

const ask = (verb: string, env: Record<string, string> = {}) =>
  run(process.execPath, [main, 'discord', verb], { env: { ...discord.environment, ...env } });

test('setup prints the invite link with exactly the permissions that are used', async () => {
  const { code, stdout, stderr } = await ask('setup');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ok {4}Discord is reached straight\.\nok {4}The token is that of animate-bot/);
  expect(stdout).toContain('ok    The garden: it has every permission that it uses.');
  const invite = new URL(/Invite it: (\S+)/.exec(stdout)?.[1] ?? '');
  expect(invite.searchParams.get('scope')).toBe('bot applications.commands');
  expect(new PermissionsBitField(BigInt(invite.searchParams.get('permissions') ?? '')).toArray().sort()).toEqual([
    'AttachFiles',
    'CreatePublicThreads',
    'ReadMessageHistory',
    'SendMessages',
    'SendMessagesInThreads',
    'ViewChannel',
  ]);
});

test('setup names the permission that a server does not give', async () => {
  discord.garden.permissions = EVERY_PERMISSION & ~PermissionFlagsBits.CreatePublicThreads;
  const { code, stdout } = await ask('setup');
  expect(code).toBe(1);
  expect(stdout).toContain('warn  The garden: it lacks Create Public Threads. Give its role these');
});

test('register tells Discord the commands once', async () => {
  expect((await ask('register')).stdout).toBe('The commands are registered.\n');
  expect((await ask('register')).stdout).toBe('Discord knows these commands already.\n');
  expect(discord.faults).toEqual([]);
});

test.each([
  [{ DISCORD_TOKEN: '' }, 2, /DISCORD_TOKEN: expected the token of your bot, got nothing/],
  [{ DISCORD_TOKEN: 'hunter2' }, 2, /DISCORD_TOKEN: expected the token of a bot, three parts.*got 7 characters/],
  [{ DISCORD_TOKEN: 'a.wrong.token-of-a-bot' }, 1, /DISCORD_TOKEN: .* got one that Discord refuses/],
])('with %j it ends with a sentence, and without the token', async (env, expected, sentence) => {
  const { code, stderr } = await ask('setup', env);
  expect(code).toBe(expected);
  expect(stderr).toMatch(sentence);
  if (env.DISCORD_TOKEN) expect(stderr).not.toContain(env.DISCORD_TOKEN);
});
