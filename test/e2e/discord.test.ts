// The whole way on Discord: the real discord.js in a real bot process, a stand-in for the service, a real queue and engine.
import { EventEmitter, once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChannelType, PermissionFlagsBits } from 'discord.js';
import { expect, test } from 'vitest';
import { ADMIN_VERBS } from '../../src/bots/platform.ts';
import { connectRedis } from '../../src/queue/redis.ts';
import {
  ADA,
  ADMIN_OF_SERVER,
  BOB,
  type Discord,
  EPHEMERAL,
  EVERY_PERMISSION,
  type FakeInteraction,
  GUILD_ID,
  ROLE_ID,
  startDiscord,
} from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';
import type { Role } from '../fakes/roles.ts';
import { useInstallation } from './installation.ts';

let discord: Discord;
let picture: Buffer;

const installation = useInstallation({
  async open() {
    discord = await startDiscord();
    picture = await drawPicture();
  },
  close: () => discord.close(),
  botEnvironment: () => discord.environment,
  describe: () => discord.describe(),
});
const { start } = installation;

async function startBot(environment: Record<string, string> = {}): Promise<Role> {
  const bot = start('bot', environment);
  await bot.said('Connected to Discord');
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

const gate = () => join(installation.folder, 'gate');

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
  expect(clip.content).toContain('Seed 7 ·');
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

test('of two bots with one token, one answers each command and each press', async () => {
  const bots = [await startBot(), await startBot()];
  start('worker');
  const commands = Array.from({ length: 4 }, () => discord.animate(picture, { seconds: 1 }));
  const again: FakeInteraction[] = [];
  for (const command of commands) again.push(discord.press(await discord.clipOf(command), 'Again'));
  for (const press of again) expect(await discord.told(press)).toBe('On it: same words, new seed.');
  for (const command of commands) {
    await discord.until(() => inThread(command).filter(({ files }) => files.length > 0).length === 2 || undefined);
  }
  const said = bots.flatMap(({ lines }) => lines.map(({ msg }) => msg));
  expect(said).not.toContain('A command could not be taken');
});

test('a command that one bot refused while another one took it is brought to its member alone', async () => {
  // What the first one says is all that Discord shows for it: no thread can hang on that.
  await startBot();
  const trouble = discord.trouble({ method: 'POST', path: /^\/interactions\//, status: 'hang', times: 1 });
  const command = discord.animate(picture, { seconds: 1 });
  await discord.until(() => trouble.times === 0 || undefined);
  discord.refuseFirst(command, 'The queue cannot be reached.');
  start('worker');
  const clip = await discord.clipOf(command);
  expect(clip).toMatchObject({ id: command.original, flags: expect.any(Number) });
  expect(clip.flags & EPHEMERAL).toBe(EPHEMERAL);
  expect(discord.threadOf(command)).toBeUndefined();
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
  expect(await discord.told(discord.press(clip, 'Again'))).toBe('On it: same words, new seed.');
  expect(await discord.told(discord.press(clip, '720p'))).toBe('On it: the same clip in 720p.');
  expect(await discord.told(discord.press(clip, 'Extend'))).toBe('On it: continuing from the last frame.');
  const clips = await discord.until(() => {
    const found = inThread(command).filter(({ files }) => files.some(({ name }) => name.endsWith('.mp4')));
    return found.length === 4 ? found : undefined;
  });
  expect(clips.filter(({ content }) => content.includes('Seed 7 ·'))).toHaveLength(2);
  const edit = discord.press(clip, 'Edit');
  await discord.until(() => edit.modal);
  const edited = discord.submit(edit, { prompt: 'she waves', seed: '9' });
  expect((await discord.clipOf(edited)).content).toContain('Seed 9 ·');
  expect(await discord.told(discord.press(clip, 'Delete'))).toBe('Deleted.');
  await discord.until(() => discord.world.messages.get(command.original ?? '')?.content === '-# Removed.' || undefined);
  expect(discord.world.messages.has(clip.id)).toBe(false);
  expect(discord.world.messages.get(command.original ?? '')?.files).toEqual([]);
  expect(discord.faults).toEqual([]);
});

test('a picture in somebody’s message is animated from its menu, whichever of several it is', async () => {
  await startBot();
  start('worker');
  const other = await drawPicture(200, 300);
  const message = discord.post([discord.upload(picture, 'one.png'), discord.upload(other, 'two.png')]);
  const menu = discord.menu(message);
  await discord.until(() => menu.modal);
  const command = discord.submit(menu, { picture: '1', prompt: 'it waves', seconds: '1' });
  const clip = await discord.clipOf(command);
  await expectOneClip(command);
  // The second picture is upright.
  const [, width, height] = /Size (\d+)×(\d+)/.exec(clip.content) ?? [];
  expect(Number(height)).toBeGreaterThan(Number(width));
});

test('of a message’s pictures, those that are too large are not offered', async () => {
  await startBot({ MAX_PICTURE_MEGABYTES: '1' });
  const large = discord.upload(Buffer.alloc(2 ** 21), 'large.png');
  const both = discord.menu(discord.post([large, discord.upload(picture, 'small.png')]));
  const form = await discord.until(() => both.modal);
  expect(JSON.stringify(form)).not.toContain('large.png');
  expect(await discord.told(discord.menu(discord.post([large])))).toBe('That picture is 2 MB; the limit is 1 MB.');
});

test('a message without a picture is answered with what was expected', async () => {
  await startBot();
  const menu = discord.menu(discord.post([]));
  expect(await discord.told(menu)).toMatch(/^I can't find a picture in that message/);
});

test.each(['direct', 'thread', 'voice', 'no thread allowed'] as const)(
  'in a place without threads (%s) it replies right there',
  async (place) => {
    const { world } = discord;
    const channel = {
      direct: () => world.directChannelOf(ADA.id),
      thread: () =>
        world.addChannel({
          type: ChannelType.PublicThread,
          name: 'a thread',
          guild: GUILD_ID,
          parent: discord.garden.id,
        }),
      voice: () => world.addChannel({ type: ChannelType.GuildVoice, name: 'voice', guild: GUILD_ID }),
      'no thread allowed': () =>
        Object.assign(discord.garden, { permissions: EVERY_PERMISSION & ~PermissionFlagsBits.CreatePublicThreads }),
    }[place]();
    await startBot();
    start('worker');
    const command = discord.animate(picture, { seconds: 1 }, { channel });
    const clip = await discord.clipOf(command);
    expect(clip.id).toBe(command.original);
    const mention = await discord.until(() => world.messagesIn(channel.id).find(({ pinged }) => pinged.length > 0));
    expect(mention).toMatchObject({ pinged: [ADA.id], reference: clip.id });
    expect(world.messagesIn(channel.id)).toHaveLength(2);
    expect(discord.faults).toEqual([]);
  },
);

test('whoever manages the server is told what a thread would need', async () => {
  discord.garden.permissions = EVERY_PERMISSION & ~PermissionFlagsBits.CreatePublicThreads;
  await startBot();
  const command = discord.animate(picture, { seconds: 1 }, { member: ADMIN_OF_SERVER });
  expect(await discord.told(command)).toBe(
    "I replied in the channel because I can't open a thread here. For threads, give me **Create Public Threads**.",
  );
});

test('where no file may be sent, each is told what they can do about it, and nothing is begun', async () => {
  discord.garden.permissions = EVERY_PERMISSION & ~PermissionFlagsBits.AttachFiles;
  await startBot();
  expect(await discord.told(discord.animate(picture))).toBe(
    "I'm missing permissions here: **Attach Files**. Ask a server admin to grant them.",
  );
  expect(await discord.told(discord.animate(picture, {}, { member: ADMIN_OF_SERVER }))).toBe(
    "I can't reply here yet. Please give me **Attach Files** in this channel.",
  );
  expect(discord.world.messagesIn(discord.garden.id).every(({ flags }) => flags & EPHEMERAL)).toBe(true);
});

test('a thread that Discord refuses at the last moment is done without', async () => {
  discord.trouble({ method: 'POST', path: /\/threads$/, status: 403, code: 50013, times: 1 });
  await startBot();
  start('worker');
  const command = discord.animate(picture, { seconds: 1 });
  expect((await discord.clipOf(command)).id).toBe(command.original);
});

test('an app of the member’s own answers in a server that it is not in', async () => {
  await startBot();
  start('worker');
  const command = discord.animate(picture, { seconds: 1 }, { isForeign: true });
  expect((await discord.clipOf(command)).id).toBe(command.original);
  expect(discord.requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/channels'))).toEqual([]);
});

test('when the time of such an answer has run out, the clip goes to the member’s direct messages', async () => {
  const bot = await startBot();
  const command = discord.animate(picture, { seconds: 1, private: true });
  await bot.said('Accepted');
  command.endsAt = Date.now();
  start('worker');
  const direct = discord.world.directChannelOf(ADA.id);
  const clip = await discord.until(() => discord.world.messagesIn(direct.id).find(({ files }) => files.length > 0));
  expect(clip.content).toContain('Here is your clip');
  await bot.said('Delivered');
});

test('where a channel opens no more threads for now, the clip comes in the reply', async () => {
  await startBot();
  start('worker');
  // Discord's allowance is five in five seconds.
  const commands = Array.from({ length: 9 }, (_, index) =>
    discord.animate(picture, { seconds: 1 }, { member: { ...ADA, id: `30000000000000010${index}` } }),
  );
  const clips = await Promise.all(commands.map((command) => discord.clipOf(command)));
  const inPlace = commands.filter((command, index) => clips[index]?.id === command.original);
  expect(inPlace.length).toBeGreaterThan(0);
  expect(commands.length - inPlace.length).toBeGreaterThanOrEqual(5);
  const pinged = await discord.until(() => {
    const all = [...discord.world.messages.values()].flatMap((message) => message.pinged);
    return all.length >= commands.length ? all : undefined;
  });
  expect(pinged.sort()).toEqual(commands.map(({ member }) => member.id).sort());
  expect(
    [...discord.world.messages.values()].filter(({ files }) => files.some(({ name }) => name.endsWith('.mp4'))),
  ).toHaveLength(9);
  expect(discord.refusedForRate).toBe(0);
  expect(discord.faults).toEqual([]);
});

test('a reply in the channel is brought with the bot’s own token once the interaction’s has ended', async () => {
  Object.assign(discord.garden, { permissions: EVERY_PERMISSION & ~PermissionFlagsBits.CreatePublicThreads });
  const bot = await startBot();
  const command = discord.animate(picture, { seconds: 1 });
  await bot.said('Accepted');
  command.endsAt = Date.now();
  start('worker');
  expect((await discord.clipOf(command)).id).toBe(command.original);
  const mention = await discord.until(() =>
    discord.world.messagesIn(discord.garden.id).find(({ pinged }) => pinged.length > 0),
  );
  expect(mention).toMatchObject({ pinged: [ADA.id], reference: command.original });
});

test('two members at once get a thread and a clip each', async () => {
  await startBot();
  start('worker');
  const commands = [ADA, BOB].map((member) => discord.animate(picture, { seconds: 1 }, { member }));
  const clips = await Promise.all(commands.map((command) => discord.clipOf(command)));
  expect(new Set(clips.map(({ channel }) => channel)).size).toBe(2);
});

test('a clip that is larger than the place takes is made smaller, and one that cannot be is told', async () => {
  await startBot();
  start('worker');
  // It has 30,000 bytes, of which its mark is 13,000.
  discord.world.sizeLimit = 64 * 1024 + 29_000;
  const small = await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  expect(small.files[0]?.bytes.length).toBeLessThan(29_000);
  discord.world.sizeLimit = 64 * 1024 + 100;
  const command = discord.animate(picture, { seconds: 1 });
  await discord.until(() =>
    inThread(command).find(({ content }) => content.includes('too large to upload here, even')),
  );
});

test('what Discord finds too large after all is sent smaller', async () => {
  await startBot();
  start('worker');
  const trouble = discord.trouble({
    method: 'PATCH',
    path: /^\/channels\//,
    isUpload: true,
    status: 413,
    code: 40005,
    times: 1,
  });
  const command = discord.animate(picture, { seconds: 1 });
  await discord.clipOf(command);
  await expectOneClip(command);
  expect(trouble.times).toBe(0);
});

test('a picture that Discord finds too large is left out of the starter, and the clip comes', async () => {
  await startBot();
  start('worker');
  const starter = { method: 'PATCH', path: /original$/, isUpload: true };
  const trouble = discord.trouble({ ...starter, status: 413, code: 40005, times: 1 });
  const command = discord.animate(picture, { seconds: 1 });
  await expectOneClip(command);
  expect(trouble.times).toBe(0);
  expect(discord.world.messages.get(command.original ?? '')).toMatchObject({ content: '> she smiles', files: [] });
});

test('a storm of rate limits and broken answers delays a clip and loses nothing', async () => {
  await startBot();
  start('worker');
  for (const path of [/\/threads$/, /\/messages$/, /\/messages\/\d+$/, /@?original$/]) {
    for (const method of ['POST', 'PATCH']) {
      discord.trouble({ method, path, status: 429, times: 1 });
      discord.trouble({ method, path, status: 502, times: 1 });
    }
  }
  const command = discord.animate(picture, { seconds: 1 });
  await discord.clipOf(command);
  await expectOneClip(command);
});

test('a command that was taken is not given up, however long Discord takes no message', async () => {
  await startBot();
  start('worker');
  const trouble = discord.trouble({ method: 'PATCH', path: /original$/, status: 503, times: 20 });
  const command = discord.animate(picture, { seconds: 1 });
  await expectOneClip(command);
  expect(trouble.times).toBe(0);
  expect(discord.answersTo(command).filter(({ flags }) => flags & EPHEMERAL)).toEqual([]);
});

test('a refusal that breaks off in the middle is told all the same, though the command could be made by then', async () => {
  await startBot();
  discord.trouble({ method: 'GET', path: /^\/attachments/, status: 503, times: 4 });
  // The public answer is gone by then, and the sentence does not get through.
  const trouble = discord.trouble({ method: 'POST', path: /^\/webhooks\//, status: 503, times: 4 });
  const command = discord.animate(picture, { seconds: 1 });
  expect(await discord.told(command)).toMatch(/^I can't get your picture right now/);
  expect(trouble.times).toBe(0);
});

test('what Discord refuses for good is told with its reason, and nothing of it is kept', async () => {
  await startBot();
  discord.trouble({ method: 'PATCH', path: /original$/, status: 400, code: 50035, times: 1 });
  const command = discord.animate(picture, { seconds: 1 });
  expect(await discord.told(command)).toMatch(/Discord didn't let me post here \(Trouble/);
  expect(await readdir(join(installation.folder, 'data', 'media', 'pictures'))).toEqual([]);
});

test('a command that came while the gateway was away is taken when it is back', async () => {
  await startBot();
  start('worker');
  discord.gateway.drop();
  const command = discord.animate(picture, { seconds: 1 });
  await discord.clipOf(command);
  await expectOneClip(command);
});

test.each([true, false])(
  'a gateway that is lost in the middle of a render (can resume: %s) costs nothing',
  async (canResume) => {
    await startBot();
    start('worker');
    const command = discord.animate(picture, { prompt: `hold ${gate()}`, seconds: 1 });
    await discord.until(() => inThread(command).find(({ content }) => content.includes('Drawing')));
    const { readies } = discord.gateway;
    discord.gateway.drop({ canResume });
    await writeFile(gate(), '');
    await discord.clipOf(command);
    await expectOneClip(command);
    await discord.until(() => discord.gateway.readies > readies);
    await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  },
);

const killedAt = {
  'after the acknowledgement': { method: 'PATCH', path: /original$/ },
  'before the thread': { method: 'POST', path: /\/threads$/ },
  'after the thread': { method: 'POST', path: /^\/channels\/\d+\/messages$/ },
  'in the middle of the upload': { method: 'PATCH', path: /^\/channels\//, isUpload: true },
  'before the mention': { method: 'POST', path: /^\/channels\/\d+\/messages$/, after: true },
};

test.each(Object.entries(killedAt))(
  'a bot that is killed %s brings one thread and one clip in its next life',
  async (when, at) => {
    const bot = await startBot();
    start('worker');
    if ('after' in at) {
      // The second message in the thread: the first is the status message.
      const command = discord.animate(picture, { prompt: `hold ${gate()}`, seconds: 1 });
      await discord.until(() => inThread(command).length === 1);
      const trouble = discord.trouble({ method: at.method, path: at.path, status: 'hang', times: 1 });
      await writeFile(gate(), '');
      await discord.until(() => trouble.times === 0);
      await bot.kill('SIGKILL');
      await startBot();
      await expectOneClip(command);
      return;
    }
    const trouble = discord.trouble({ ...at, status: 'hang', times: 1 });
    const command = discord.animate(picture, { seconds: 1 });
    await discord.until(() => trouble.times === 0);
    await bot.kill('SIGKILL');
    await startBot();
    await discord.clipOf(command);
    await expectOneClip(command);
    expect(when).toBeTruthy();
  },
);

test('a thread of an earlier life is gone on with, also where the channel opens no more', async () => {
  const bot = await startBot();
  start('worker');
  const trouble = discord.trouble({ method: 'POST', path: /^\/channels\/\d+\/messages$/, status: 'hang', times: 1 });
  const command = discord.animate(picture, { seconds: 1 });
  await discord.until(() => trouble.times === 0);
  await bot.kill('SIGKILL');
  const crowd = discord.trouble({ method: 'POST', path: /\/threads$/, status: 429, times: 2 });
  await startBot();
  await expectOneClip(command);
  expect(crowd.times).toBe(0);
});

test('a bot that is stopped finishes the acknowledgement that it has begun, and the rest in its next life', async () => {
  const bot = await startBot();
  const answer = new EventEmitter();
  const until = once(answer, 'now').then(() => undefined);
  const trouble = discord.trouble({ method: 'POST', path: /^\/interactions\//, status: 'late', until, times: 1 });
  const command = discord.animate(picture, { seconds: 1 });
  await discord.until(() => trouble.times === 0);
  const stopped = bot.kill('SIGTERM');
  answer.emit('now');
  await stopped;
  expect(bot.process.exitCode).toBe(0);
  expect(command.acknowledgedAfter).toBeDefined();
  expect(bot.lines.map(({ msg }) => msg)).not.toContain('There is no connection to Discord; connecting again');
  await startBot();
  start('worker');
  await expectOneClip(command);
});

test('a bot that is killed in the middle of the progress goes on telling it', async () => {
  const bot = await startBot();
  start('worker');
  const command = discord.animate(picture, { prompt: `hold ${gate()}`, seconds: 1 });
  await discord.until(() => inThread(command).find(({ content }) => content.includes('Drawing')));
  await bot.kill('SIGKILL');
  await startBot();
  await writeFile(gate(), '');
  await discord.clipOf(command);
  await expectOneClip(command);
});

test.each([
  ['a picture', () => picture],
  ['no picture', () => Buffer.from('not a picture')],
])('a bot that is killed before it could acknowledge a command with %s leaves nothing behind', async (_what, given) => {
  const bot = await startBot();
  const trouble = discord.trouble({ method: 'POST', path: /^\/interactions\//, status: 'hang', times: 1 });
  const command = discord.animate(given(), { seconds: 1 });
  await discord.until(() => trouble.times === 0);
  await bot.kill('SIGKILL');
  await startBot();
  start('worker');
  // A later command is through, and of the first there is nothing.
  await expectOneClip(discord.animate(picture, { seconds: 1 }));
  expect(discord.answersTo(command)).toEqual([]);
  expect([...discord.world.channels.values()].filter(({ parent }) => parent !== undefined)).toHaveLength(1);
  const connection = connectRedis(installation.redis.url, () => undefined);
  // That it was refused is known for an hour.
  const left = async () =>
    (await connection.keys(`*-${command.id}`)).filter((key) => !key.startsWith('{animate}:refused:'));
  // A bot that dies before it lets its item go leaves it held for 20 seconds.
  await expect.poll(left, { timeout: 40_000 }).toEqual([]);
  connection.disconnect();
});

test('while Redis is away a member is told so in time, nothing of it is begun later, and the next command is taken', async () => {
  const durable = await startDurableRedis();
  const bot = await startBot({ REDIS_URL: durable.url });
  start('worker', { REDIS_URL: durable.url });
  await durable.halt();
  await bot.said('Redis cannot be reached; waiting for it');
  const command = discord.animate(picture);
  expect(await discord.told(command)).toBe(
    "I can't reach the queue right now, so nothing was started. Please try again in a minute.",
  );
  expect(command.acknowledgedAfter).toBeLessThan(3000);
  await durable.resume();
  let next: FakeInteraction;
  do {
    next = discord.animate(picture, { seconds: 1 });
    await discord.until(() => next.original);
  } while (discord.answersTo(next).some(({ flags }) => flags & EPHEMERAL));
  await discord.clipOf(next);
  expect(discord.answersTo(command)).toHaveLength(1);
  await Promise.all(installation.roles.map((role) => role.kill('SIGTERM')));
  await durable.stop();
});

test('a button that is pressed twice acts once, and one of another member’s not at all', async () => {
  await startBot();
  start('worker');
  const clip = await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  const [first, second] = [discord.press(clip, 'Again'), discord.press(clip, 'Again')];
  expect([await discord.told(first), await discord.told(second)].sort()).toEqual([
    "Got it, I'm already on it.",
    'On it: same words, new seed.',
  ]);
  expect(await discord.told(discord.press(clip, 'Delete', { member: BOB }))).toBe(
    "That's Ada's clip, so only Ada or a server admin can do that.",
  );
  const edit = discord.press(clip, 'Edit', { member: BOB });
  expect(await discord.told(edit)).toBe("That's Ada's clip, so only Ada or a server admin can do that.");
  expect(await discord.told(discord.press(clip, 'Delete', { member: ADMIN_OF_SERVER }))).toBe('Deleted.');
});

test('what is not kept any more says so, and a form belongs to the one who may fill it in', async () => {
  await startBot();
  start('worker');
  const clip = await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  for (const button of ['again', 'edit', 'delete']) {
    expect(await discord.told(discord.pressById(clip, `${button}:discord-1`))).toBe(
      'That clip is too old. I no longer have it.',
    );
  }
  expect(await discord.told(discord.pressById(clip, 'of-an-older-release'))).toMatch(/^This was open too long/);
  const menu = discord.menu(discord.post([discord.upload(picture)]));
  await discord.until(() => menu.modal);
  const connection = connectRedis(installation.redis.url, () => undefined);
  await connection.del(await connection.keys('*:pictures:*'));
  connection.disconnect();
  expect(await discord.told(discord.submit(menu, { prompt: 'it waves' }))).toBe(
    'This was open too long and has expired. Please start again.',
  );
  const edit = discord.press(clip, 'Edit');
  await discord.until(() => edit.modal);
  expect(await discord.told(discord.submit(edit, { prompt: 'mine now' }, { member: BOB }))).toBe(
    "That's Ada's clip, so only Ada or a server admin can do that.",
  );
});

test('Cancel tells the truth about what was freed', async () => {
  await startBot();
  const waiting = discord.animate(picture, { seconds: 1 });
  const status = await discord.until(() => inThread(waiting)[0]);
  expect(await discord.told(discord.press(status, 'Cancel'))).toBe('Cancelled before it started.');
  await discord.until(() => inThread(waiting)[0]?.content.includes('took no GPU time'));
  start('worker');
  const running = discord.animate(picture, { prompt: `hold ${gate()}`, seconds: 1 });
  const drawing = await discord.until(() => inThread(running).find(({ content }) => content.includes('Drawing')));
  expect(await discord.told(discord.press(drawing, 'Cancel'))).toBe('Stopping it now.');
  await discord.until(() => inThread(running)[0]?.content.includes('the engine is free again'));
});

test('members read their own language', async () => {
  await startBot();
  start('worker');
  const member = { ...ADA, locale: 'de' };
  const clip = await discord.clipOf(discord.animate(picture, { seconds: 1 }, { member }));
  expect(clip.content).toContain('**Hier ist dein Clip**');
  expect(clip.components[0]?.components.map(({ label }) => label)).toEqual([
    'Noch einmal',
    'Ändern',
    '720p',
    'Fortsetzen',
    'Löschen',
  ]);
  const broken = discord.animate(Buffer.from('not a picture'), {}, { member });
  expect(await discord.told(broken)).toMatch(/^picture\.png ist gar kein Bild/);
});

test('/animate-help says how it is done, in the member’s language', async () => {
  await startBot();
  expect(await discord.told(discord.command('animate-help'))).toMatch(
    /^\*\*Bring a picture to life\.\*\* Use `\/animate`.*\nOr open the menu.*\*\*Animate this image\*\*/,
  );
  const german = discord.command('animate-help', { member: { ...ADA, locale: 'de' } });
  expect(await discord.told(german)).toContain('**Dieses Bild animieren**');
});

test('a picture that cannot be used is told to its member alone, and leaves nothing in the channel', async () => {
  await startBot();
  const command = discord.animate(Buffer.from('not a picture'));
  expect(await discord.told(command)).toMatch(/isn't actually a picture \(it's a text file\)/);
  expect(discord.answersTo(command).every(({ flags }) => flags & EPHEMERAL)).toBe(true);
});

test('an admin sees and steers everything from chat, and a member cannot', async () => {
  await startBot();
  const member = ADMIN_OF_SERVER;
  const ask = async (verb: string, options: Record<string, string | boolean | number> = {}) =>
    discord.told(discord.administer(verb, { member, options }));
  expect(await discord.told(discord.administer('health'))).toBe('Only animate-bot admins can do that.');
  expect(await ask('health')).toMatch(/^\*\*Broken:\*\* no worker is online/);
  const worker = start('worker', { WORKER_NAME: 'attic' });
  await worker.said('Engine ready');
  await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  await worker.said('Engine ready');
  // Worker and bot tell of themselves every three seconds.
  while (!(await ask('health')).includes('last event'));
  const isTold = (text: string) => /^- attic\/0: free, does_as_told on no GPU, 1 renders, 0 failed$/m.test(text);
  while (!isTold(await ask('workers')));
  // This Redis keeps nothing on disk.
  const health = await ask('health');
  expect(health).toMatch(
    /^\*\*Needs attention:\*\* Redis forgets everything .*\nWorkers: 1 online, 1 of 1 engines loaded/,
  );
  expect(health).toMatch(/^480p fast, 1 s: median \d+\.\d s, 95th percentile \d+\.\d s \(1 clip\)$/m);
  expect(health).toMatch(/^discord by \S+: connected.*last event \d+ s ago/m);
  expect(await ask('workers')).toContain('🟢 attic on ');
  expect(await ask('pause')).toMatch(/^Paused/);
  const command = discord.animate(picture, { seconds: 1 });
  const status = await discord.until(() => inThread(command).find(({ content }) => content.includes('Next in line')));
  const id = `discord-${command.id}`;
  expect(await ask('queue')).toMatch(/^\*\*1 waiting, 0 rendering, paused\*\*\n480p fast: 1 waiting/);
  expect(await ask('job', { id })).toContain(`**${id}**: waiting\nFor Ada (${ADA.id})`);
  expect(await ask('cancel', { id })).toBe('Cancelled before it started.');
  await discord.until(() => discord.world.messages.get(status.id)?.content.includes('Cancelled'));
  expect(await ask('resume')).toBe('Resumed: clips start again.');
  expect(await ask('drain', { worker: 'cellar' })).toBe("I don't know a worker called cellar (online: attic).");
  expect(await ask('drain', { worker: 'attic' })).toMatch(/^attic finishes what it has/);
  expect(await ask('drain', { worker: 'attic', undo: true })).toBe('attic takes clips again.');
  expect(await ask('unload', { engine: 'attic/7' })).toBe("I don't know an engine called attic/7 (online: attic/0).");
  expect(await ask('unload', { engine: 'attic/0' })).toBe('Its GPU is free until the next clip.');
  await worker.said('The engine is unloaded until it is needed');
  expect(await ask('quarantine')).toBe('**Nothing is in quarantine.**');
  expect(await ask('retry', { id })).toBe("It hasn't failed, so there's nothing to retry.");
  expect(await ask('block', { member: BOB.id })).toBe('Blocked until you unblock it.');
  expect(await discord.told(discord.animate(picture, {}, { member: BOB }))).toMatch(/^An admin has blocked you/);
  expect(await ask('unblock', { member: BOB.id })).toBe('Unblocked.');
  expect(await ask('job', { id: 'discord-1' })).toBe("I don't know a clip with the ID discord-1.");
});

test('limits are set from chat, and what did not cost anything is given back', async () => {
  await startBot();
  const member = ADMIN_OF_SERVER;
  const ask = async (options: Record<string, number | string | boolean> = {}) =>
    discord.told(discord.administer('limits', { member, options }));
  expect(await ask()).toContain('**For each member**\nNothing is set.');
  expect(await ask({ at_once: 1, per_day: 2 })).toContain('Clips at once: 1\nClips a day: 2');
  const waiting = discord.animate(picture, { seconds: 1 });
  const status = await discord.until(() => inThread(waiting)[0]);
  expect(await discord.told(discord.animate(picture))).toBe(
    'You already have 1 clip in progress, which is the limit here. Wait for it, or cancel it.',
  );
  expect(await discord.told(discord.press(status, 'Cancel'))).toBe('Cancelled before it started.');
  start('worker');
  for (let clips = 0; clips < 2; clips += 1) await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  expect(await discord.told(discord.animate(picture))).toBe(
    "You've used your 2 clips for today. You can make the next one in about 24 hours.",
  );
  await discord.clipOf(discord.animate(picture, { seconds: 1 }, { member: BOB }));
});

test('limits of a role, a member and all together hold for whom they are, and members read what is left', async () => {
  await startBot();
  const ask = async (options: Record<string, number | string | boolean>) =>
    discord.told(discord.administer('limits', { member: ADMIN_OF_SERVER, options }));
  await ask({ seconds: 2, per_day: 5 });
  expect(await ask({ role: ROLE_ID, seconds: 0, weight: 2.5 })).toBe(
    `**For the role ${ROLE_ID}**\nLongest clip: no limit\nWeight while people wait: 2.5\nClips that fail, or are cancelled before they start, don't count for the day.`,
  );
  expect(await discord.told(discord.animate(picture, { seconds: 3 }, { member: BOB }))).toBe(
    'Clips can be at most 2 seconds long here, and you asked for 3.',
  );
  const gardener = { ...ADA, roles: [ROLE_ID] };
  const command = discord.animate(picture, { seconds: 3 }, { member: gardener });
  await discord.until(() => inThread(command)[0]);
  expect(await discord.told(discord.command('animate-help', { member: gardener }))).toMatch(/4 of 5 clips left today$/);
  await ask({ for: 'everyone', at_once: 1 });
  expect(await discord.told(discord.animate(picture, { seconds: 1 }, { member: BOB }))).toBe(
    "We're at capacity right now. Please try again later.",
  );
  expect(await ask({ for: 'everyone', reset: true, history: true })).toMatch(/everyone: Clips at once: 1 → nothing/);
  expect(await ask({ member: BOB.id })).toContain(`**For the member ${BOB.id}**\nNothing is set.`);
});

test('whoever wants the best waits for a worker that makes it, and reads so', async () => {
  await startBot();
  const worker = start('worker');
  await worker.said('Engine ready');
  const command = discord.animate(picture, { seconds: 1, quality: 'best' });
  await discord.until(() =>
    inThread(command)[0]?.content.includes('No GPU that can make 480p at best quality is online'),
  );
  await discord.clipOf(discord.animate(picture, { seconds: 1 }));
});

test('what breaks and what heals is told once in the channel for it, by two bots', async () => {
  const channel = discord.world.addChannel({ type: ChannelType.GuildText, name: 'operations', guild: GUILD_ID });
  for (const name of ['one', 'two']) {
    await startBot({ DISCORD_ALERT_CHANNEL: channel.id, DATA_FOLDER: join(installation.folder, name) });
  }
  const told = (mark: string) =>
    discord.world.messagesIn(channel.id).filter(({ content }) => content.startsWith(`${mark} no worker is online`));
  // It has to last for half a minute before it is worth a message.
  await discord.until(() => told('🔴').length > 0, 90_000);
  start('worker');
  await discord.until(() => told('🟢 No more:').length > 0, 60_000);
  expect([told('🔴').length, told('🟢 No more:').length]).toEqual([1, 1]);
  expect(discord.world.messagesIn(channel.id).flatMap(({ pinged }) => pinged)).toEqual([]);
}, 180_000);

test('configured admins need no other right', async () => {
  await startBot({ DISCORD_ADMINS: `${BOB.id}, ${ROLE_ID}` });
  for (const member of [BOB, { ...ADA, roles: [ROLE_ID] }]) {
    expect(await discord.told(discord.administer('queue', { member }))).toMatch(/^\*\*0 waiting/);
  }
});

test('where admins are configured, managing a server is not enough to steer the bot of all', async () => {
  await startBot({ DISCORD_ADMINS: BOB.id });
  const options = { id: 'discord-1', worker: 'attic', member: BOB.id };
  for (const verb of ADMIN_VERBS) {
    const asked = discord.administer(verb, { member: ADMIN_OF_SERVER, options });
    expect(await discord.told(asked)).toBe('Only animate-bot admins can do that.');
  }
});

test('with DISCORD_AGE_RESTRICTED_ONLY and DISCORD_SPOILER, clips are kept out of sight', async () => {
  await startBot({ DISCORD_AGE_RESTRICTED_ONLY: 'true', DISCORD_SPOILER: 'true' });
  start('worker');
  expect(await discord.told(discord.animate(picture))).toBe('This only works in age-restricted channels.');
  const channel = discord.world.addChannel({ type: ChannelType.GuildText, name: 'late', guild: GUILD_ID, nsfw: true });
  const clip = await discord.clipOf(discord.animate(picture, { seconds: 1 }, { channel }));
  expect(clip.files[0]?.name).toMatch(/^SPOILER_/);
});

test('a thread in an age-restricted channel is age-restricted, too', async () => {
  const parent = discord.world.addChannel({ type: ChannelType.GuildText, name: 'late', guild: GUILD_ID, nsfw: true });
  const thread = { type: ChannelType.PublicThread, name: 'later', guild: GUILD_ID, parent: parent.id };
  const channel = discord.world.addChannel(thread);
  await startBot({ DISCORD_AGE_RESTRICTED_ONLY: 'true' });
  start('worker');
  await discord.clipOf(discord.animate(picture, { seconds: 1 }, { channel }));
});

test('the commands are registered when they differ, and only then', async () => {
  const bot = await startBot();
  await bot.said('The commands were registered with Discord');
  await bot.kill('SIGTERM');
  const asked = () => discord.requests.filter(({ method, path }) => method === 'GET' && path.includes('/commands'));
  await startBot();
  await discord.until(() => asked().length === 2);
  expect(discord.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  expect(discord.world.commands.map(({ name }) => name)).toEqual([
    'animate',
    'animate-help',
    'Animate this image',
    'Animate this avatar',
    'animate-admin',
  ]);
});

test('while Discord is away the page works, and the bot joins when it is back', async () => {
  const trouble = discord.trouble({ method: 'GET', path: /^\/gateway\/bot$/, status: 503, times: 8 });
  const bot = start('bot');
  await bot.said('The chat page is ready');
  await bot.said('Discord cannot be reached; trying again');
  start('worker');
  await bot.said('Connected to Discord');
  expect(trouble.times).toBe(0);
  await discord.clipOf(discord.animate(picture, { seconds: 1 }));
});

test('a gateway that refuses connections at start is tried in one row, and is joined once', async () => {
  discord.gateway.refuse(true);
  const bot = start('bot');
  await discord.until(() => discord.gateway.tries > 4);
  discord.gateway.refuse(false);
  await bot.said('Connected to Discord');
  start('worker');
  await expectOneClip(discord.animate(picture, { seconds: 1 }));
  expect(discord.gateway).toMatchObject({ readies: 1, connections: 1 });
});

test('a bot that still waits for the gateway stops when it is told to', async () => {
  discord.gateway.refuse(true);
  const bot = start('bot');
  await discord.until(() => discord.gateway.tries > 1);
  await bot.kill('SIGTERM');
  expect(bot.process.exitCode).toBe(0);
  expect(discord.gateway.connections).toBe(0);
});

test('with DISCORD_SHARDS commands are taken on every connection', async () => {
  // One at a time is five seconds between two.
  discord.world.maxConcurrency = 16;
  await startBot({ DISCORD_SHARDS: '7' });
  start('worker');
  expect(discord.gateway.shards).toHaveLength(7);
  expect(discord.gateway.shards).toContain('6 of 7');
  // By Discord's rule the server is the last one's, and a direct message the first one's.
  await discord.clipOf(discord.animate(picture, { seconds: 1 }));
  await discord.clipOf(discord.animate(picture, { seconds: 1 }, { channel: discord.world.directChannelOf(ADA.id) }));
});

test('too few connections are told to the operator, with the setting', async () => {
  discord.gateway.requireShards(2);
  const bot = start('bot', { DISCORD_SHARDS: '1' });
  const error = await bot.said('never').catch((reason: Error) => reason.message);
  expect(error).toContain('DISCORD_SHARDS: expected as many connections as Discord asks of this bot');
});

test('commands that Discord does not take stop nobody', async () => {
  discord.trouble({ method: 'PUT', path: /commands$/, status: 400, code: 50035, times: 1 });
  const bot = await startBot();
  await bot.said('The commands could not be registered; `animate-bot discord register` tries it again');
  start('worker');
  await discord.clipOf(discord.animate(picture, { seconds: 1 }));
});

test('a token that Discord refuses is told to the operator, without the token', async () => {
  const token = 'another.token.that-is-wrong';
  const bot = start('bot', { DISCORD_TOKEN: token });
  const error = await bot.said('never').catch((reason: Error) => reason.message);
  expect(error).toContain('DISCORD_TOKEN: expected the token of a bot, got one that Discord refuses.');
  expect(error).not.toContain(token);
});

test('no token is in a log, in a job or in a record', async () => {
  const bot = await startBot({ LOG_LEVEL: 'trace' });
  start('worker', { LOG_LEVEL: 'trace' });
  const command = discord.animate(picture, { seconds: 1 });
  await expectOneClip(command);
  const connection = connectRedis(installation.redis.url, () => undefined);
  // Where an interaction's token is kept, by itself, for 14 minutes.
  const kept = await everythingIn(connection, (key) => key.includes(':notes:'));
  connection.disconnect();
  const everything = [
    kept,
    ...installation.roles.flatMap(({ lines }) => lines.map((line) => JSON.stringify(line))),
  ].join('\n');
  expect(everything).toContain(command.id);
  expect(everything).not.toContain(discord.token);
  expect(everything).not.toContain(command.token);
  expect(bot.lines.length).toBeGreaterThan(0);
});
