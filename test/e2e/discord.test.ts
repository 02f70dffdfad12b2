// The whole way on Discord: the real discord.js in a real bot process, a stand-in for the service, a real queue and engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ADA, type Discord, EPHEMERAL, type FakeInteraction, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type Role, startRole } from '../fakes/roles.ts';

let folder: string;
let redis: TestRedis;
let discord: Discord;
let picture: Buffer;
let roles: Role[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-discord-'));
  redis = await startRedis();
  discord = await startDiscord();
  picture = await drawPicture();
  roles = [];
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    // What the service saw and what the roles said is what a failure is understood by.
    const words = roles.flatMap(({ lines }) => lines).map((line) => JSON.stringify(line).slice(0, 1500));
    process.stderr.write(`${[...words, discord.describe()].join('\n')}\n`);
  }
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  await discord.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(role: 'bot' | 'worker', environment: Record<string, string> = {}): Role {
  const started = startRole(role, {
    REDIS_URL: redis.url,
    DATA_FOLDER: join(folder, 'data'),
    ENGINE: 'test_engines.does_as_told:create',
    ...(role === 'bot' ? discord.environment : {}),
    ...environment,
  });
  roles.push(started);
  return started;
}

async function startBot(environment: Record<string, string> = {}): Promise<Role> {
  const bot = start('bot', environment);
  await bot.said('The chat page is ready');
  return bot;
}

/** In the thread of a command: one status message with one clip, and nothing left that says that it goes on. */
async function expectOneClip(interaction: FakeInteraction): Promise<void> {
  await discord.clipOf(interaction);
  const thread = discord.threadOf(interaction);
  const messages = await discord.until(() => {
    const found = discord.world.messagesIn(thread?.id ?? '');
    return found.some(({ pinged }) => pinged.includes(ADA.id)) ? found : undefined;
  });
  expect(messages.filter(({ files }) => files.length > 0)).toHaveLength(1);
  expect(messages.filter(({ components }) => components.length > 0)).toHaveLength(1);
  expect(messages.flatMap(({ pinged }) => pinged)).toEqual([ADA.id]);
  expect(discord.faults).toEqual([]);
}

const inThread = (interaction: FakeInteraction) => discord.world.messagesIn(discord.threadOf(interaction)?.id ?? '');

test('a picture goes in, and the clip comes back in a thread under the command', async () => {
  await startBot();
  start('worker');
  const command = discord.animate(picture, { prompt: 'she *smiles* at @everyone', seconds: 1, seed: 7 });
  const clip = await discord.clipOf(command);
  await expectOneClip(command);
  const starter = discord.world.messages.get(command.original ?? '');
  expect(starter?.content).toBe('> she \\*smiles\\* at @\u200beveryone');
  expect(starter?.files.map(({ name }) => name)).toEqual(['picture.png']);
  expect(discord.threadOf(command)?.name).toBe('she *smiles* at @everyone');
  expect(clip.content).toContain('**Here is your clip**');
  expect(clip.content).toContain('Seed 7');
  expect(clip.files[0]).toMatchObject({ name: `discord-${command.id}.mp4`, description: 'she *smiles* at @everyone' });
  expect(clip.components[0]?.components.map(({ label }) => label)).toEqual([
    'Again',
    'Edit',
    '720p',
    'Extend',
    'Delete',
  ]);
  expect(command.acknowledgedAfter).toBeLessThan(3000);
});

test('a private command is seen by its member alone', async () => {
  await startBot();
  start('worker');
  const command = discord.animate(picture, { private: true, seconds: 1 });
  const clip = await discord.clipOf(command);
  expect(clip.flags & EPHEMERAL).toBe(EPHEMERAL);
  expect(discord.world.messagesIn(discord.garden.id).every(({ flags }) => flags & EPHEMERAL)).toBe(true);
  expect(discord.faults).toEqual([]);
});

test('each button does what it says', async () => {
  await startBot();
  start('worker');
  const command = discord.animate(picture, { seconds: 1, seed: 7 });
  const clip = await discord.clipOf(command);
  expect(await discord.told(discord.press(clip, 'Again'))).toBe('Once more, with another seed.');
  expect(await discord.told(discord.press(clip, '720p'))).toBe('The same in 720p.');
  expect(await discord.told(discord.press(clip, 'Extend'))).toBe('Going on from the last frame.');
  const clips = await discord.until(() => {
    const found = inThread(command).filter(({ files }) => files.some(({ name }) => name.endsWith('.mp4')));
    return found.length === 4 ? found : undefined;
  });
  expect(clips.filter(({ content }) => content.includes('Seed 7'))).toHaveLength(2);
  const edit = discord.press(clip, 'Edit');
  await discord.until(() => edit.modal);
  const edited = discord.submit(edit, { prompt: 'she waves', seed: '9' });
  expect((await discord.clipOf(edited)).content).toContain('Seed 9');
  expect(await discord.told(discord.press(clip, 'Delete'))).toBe('Deleted.');
  expect(discord.world.messages.has(clip.id)).toBe(false);
  expect(discord.world.messages.get(command.original ?? '')).toMatchObject({
    content: '-# Removed by the member.',
    files: [],
  });
  expect(discord.faults).toEqual([]);
});
