// Discord as a platform: the real discord.js and the stand-in in this process, with handlers that the test tells what to do.
import { ChannelType, PermissionFlagsBits } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ParsedCommand } from '../../../src/bots/command.ts';
import type { DiscordPlatformOptions } from '../../../src/bots/discord/discord-platform.ts';
import { en } from '../../../src/bots/languages/en.ts';
import { UserError } from '../../../src/errors.ts';
import {
  ADA,
  BOB,
  type Discord,
  EPHEMERAL,
  EVERY_PERMISSION,
  type FakeChannel,
  type FakeInteraction,
  type FakeMessage,
  GUILD_ID,
} from '../../fakes/discord/discord.ts';
import { view } from '../web/fixtures.ts';
import { createStarted, type Started } from './started.ts';

const PICTURE = Buffer.from('a picture');
const AVATAR = 'abcdef0123456789';

let started: Started;
let discord: Discord;

beforeEach(async () => {
  started = await createStarted();
  ({ discord } = started);
});
afterEach(() => started.stop());

const startPlatform = (given: Partial<DiscordPlatformOptions> = {}) => started.start(given);
const opened = (count = 1) => started.opened(count);
const said = (msg: string) => started.said(msg);
const errors = () => started.errors();
const isPublic = ({ flags }: FakeMessage): boolean => (flags & EPHEMERAL) === 0;
const formOf = async (menu: FakeInteraction) => JSON.stringify(await discord.until(() => menu.modal));
/** Whose picture it is that a command brought. */
const fetched = async (index = 0) => {
  const { picture } = (await discord.until(() => started.script.commands[index])) ?? {};
  return typeof picture === 'function' ? picture() : picture;
};

test.each(['reset', 'lost'] as const)(
  'a command whose acknowledgement is %s is taken once, for everybody to see, and nobody is told otherwise',
  async (status) => {
    await startPlatform();
    discord.trouble({ method: 'POST', path: /\/callback/, status, times: 1 });
    const command = discord.animate(PICTURE);
    await opened();
    expect(discord.answersTo(command).every(isPublic)).toBe(true);
    expect(new Set(started.script.commands.map(({ eventId }) => eventId))).toEqual(new Set([command.id]));
    expect(errors()).toEqual([]);
  },
);

test('a command that another bot has answered is logged as that, and not answered again', async () => {
  await startPlatform();
  const trouble = discord.trouble({ method: 'POST', path: /\/callback/, status: 400, code: 40060, times: 1 });
  discord.animate(PICTURE);
  await said('Discord no longer waits for this answer');
  expect(trouble.times).toBe(0);
  expect(discord.requests.filter(({ path }) => path.includes('/callback'))).toHaveLength(1);
  expect(errors()).toEqual([]);
});

test('one refusal of the token is told to the operator by the setting’s name, until Discord takes it again', async () => {
  await startPlatform();
  discord.trouble({ method: 'POST', path: /\/channels\/\d+\/messages$/, status: 401, times: 1 });
  discord.animate(PICTURE);
  // It is asked after by whoever asks for the connection.
  await said('DISCORD_TOKEN');
  started.platform.connection?.();
  await said('Discord takes the token again');
  expect(errors().join()).toContain('DISCORD_TOKEN: Discord refuses the token');
  expect(started.platform.connection?.()).not.toHaveProperty('fault');
});

test('while Discord refuses the token, the connection has a fault that names the setting', async () => {
  await startPlatform();
  discord.trouble({ method: 'POST', path: /\/threads$/, status: 401, times: 1 });
  discord.trouble({ method: 'GET', path: /\/users\/@me$/, status: 401, times: 99 });
  discord.animate(PICTURE);
  // The clip does not wait for that: what is left is done with the interaction's token.
  await opened();
  expect(started.platform.connection?.()).toMatchObject({ isConnected: true, fault: { setting: 'DISCORD_TOKEN' } });
});

test('where only the commands are installed, the clip comes by the interaction’s token, and no permission is asked for', async () => {
  discord.world.isWithoutBot = true;
  await startPlatform();
  const command = discord.animate(PICTURE);
  expect(await opened()).toMatchObject({ id: command.original });
  expect(started.script.refs[0]?.details).toMatchObject({ home: 'token' });
  const { requests } = discord;
  expect(requests.filter(({ path }) => path.startsWith('/channels'))).toEqual([]);
});

test('a server that is away does not make the bot deaf', async () => {
  discord.world.awayServers.push('555000000000000001');
  const before = performance.now();
  await startPlatform();
  // discord.js would wait for it for 15 seconds.
  expect(performance.now() - before).toBeLessThan(12_000);
});

test.each([['entitlements'], ['authorizing_integration_owners'], ['channel'], ['context'], ['attachment_size_limit']])(
  'a command without %s is taken',
  async (name) => {
    await startPlatform();
    discord.animate(PICTURE, {}, { without: [name] });
    expect(await opened()).toBeDefined();
  },
);

test('buttons work in a server that the bot is not in', async () => {
  await startPlatform();
  const elsewhere = { type: ChannelType.GuildText, name: 'far', guild: '999000000000000001' };
  const given = { channel: discord.world.addChannel(elsewhere), isForeign: true };
  discord.animate(PICTURE, {}, given);
  const status = await opened();
  if (!status) throw new Error('There is no status message');
  const press = discord.pressById(status, 'again:web-0', given);
  expect(await discord.told(press)).toBe('You pressed again.');
});

test('an event that cannot be read is left out, its shape is logged, and the next one is taken', async () => {
  await startPlatform();
  discord.gateway.dispatch(
    'INTERACTION_CREATE',
    { id: '1', type: 2, token: 'secret-token', data: { type: 1 }, member: { user: null } },
    GUILD_ID,
  );
  const line = await said('An event from Discord could not be read');
  expect(line).toMatchObject({
    event: 'INTERACTION_CREATE',
    shape: { id: 'string', token: 'string', data: { type: 'number' } },
  });
  expect(JSON.stringify(line)).not.toContain('secret-token');
  discord.animate(PICTURE);
  expect(await opened()).toBeDefined();
});

test('sessions that end as soon as they begin are not begun again and again', async () => {
  await startPlatform();
  discord.gateway.storm(true);
  discord.gateway.drop({ canResume: false });
  const line = await said('Sessions with Discord keep ending');
  expect(line.pauseMs).toBeGreaterThan(20_000);
  expect(discord.gateway.identifies).toBe(4);
});

const embedded = (url: string) => ({
  embeds: [{ title: 'A cat', image: { url: 'https://elsewhere.example/cat.png', proxy_url: url } }],
});
const MESSAGES: Record<string, (url: string, id: string) => object> = {
  'a forwarded message': (url) => ({
    message_snapshots: [{ message: { attachments: [{ id: '1', filename: 'far.png', size: 9, url }] } }],
  }),
  'an embed': (url) => embedded(url),
  'a thumbnail of an embed': (url) => ({ embeds: [{ thumbnail: { url } }] }),
  'a media gallery': (url) => ({ components: [{ type: 12, items: [{ media: { url } }] }] }),
  'a section in a container': (url) => ({
    components: [{ type: 17, components: [{ type: 9, components: [], accessory: { type: 11, media: { url } } }] }],
  }),
  'a replied-to message': (url) => ({
    referenced_message: { attachments: [{ id: '1', filename: 'before.png', size: 9, url }] },
  }),
  'an attachment of unknown type': (url) => ({
    attachments: [{ id: '1', filename: 'x.png', size: 9, content_type: 'application/octet-stream', url }],
  }),
};

test.each(Object.keys(MESSAGES))('the picture in %s is found from the menu', async (where) => {
  await startPlatform();
  const { id, name } = discord.upload(PICTURE);
  const menu = discord.menu(discord.post([]), {}, MESSAGES[where]?.(`${discord.url}/attachments/${id}/${name}`, id));
  await discord.until(() => menu.modal);
  discord.submit(menu, { prompt: 'it waves' });
  expect(await fetched()).toMatchObject({ bytes: PICTURE });
});

test('stickers and custom emoji are pictures, and several are offered by name', async () => {
  await startPlatform();
  const sticker = { id: '123456789012345678', name: 'Wave', format_type: 1 };
  const lottie = { id: '123456789012345679', name: 'Moves', format_type: 3 };
  const content = 'hi <a:party:123456789012345670> :)';
  const message = discord.post([discord.upload(PICTURE, 'one.png')]);
  const form = await formOf(discord.menu(message, {}, { content, sticker_items: [sticker, lottie] }));
  for (const name of ['1. one.png', '2. Sticker Wave', '3. Emoji :party:']) expect(form).toContain(name);
  expect(form).not.toContain('Moves');
});

test('a member’s avatar is animated from the menu of the member', async () => {
  await startPlatform();
  const menu = discord.memberMenu(AVATAR);
  expect(await formOf(menu)).toContain('Animate this picture');
  discord.submit(menu, { prompt: 'he nods' });
  expect((await discord.until(() => started.script.commands[0])).text).toMatchObject({ prompt: 'he nods' });
});

test.each([
  ['nothing', {}],
  ['a drawing that cannot be opened', { attachments: [{ id: '1', filename: 'x.svg', content_type: 'image/svg+xml' }] }],
  ['a picture on another host', { embeds: [{ image: { url: 'https://elsewhere.example/cat.png' } }] }],
  ['what is no list', { attachments: 7, embeds: 'x', components: null, message_snapshots: {}, sticker_items: [null] }],
])('a message with %s is answered with the ways that work', async (_what, more) => {
  await startPlatform();
  expect(await discord.told(discord.menu(discord.post([]), {}, more))).toMatch(
    /^I can't find a picture.*`\/animate`\.$/,
  );
});

test.each([
  ['by its flag', 'p.png', 8],
  ['by its name', 'SPOILER_p.png', 0],
])('a picture that is hidden %s comes back hidden', async (_how, name, flags) => {
  await startPlatform();
  discord.animate(discord.upload(PICTURE, name, 'image/png', flags));
  await opened();
  expect(started.script.refs[0]?.details).toMatchObject({ isSpoiler: 'yes' });
});

test('a clip of a place for adults is hidden where it goes elsewhere', async () => {
  const channel = discord.world.addChannel({ type: ChannelType.GuildText, name: 'late', guild: GUILD_ID, nsfw: true });
  await startPlatform();
  discord.animate(PICTURE, {}, { channel });
  await opened();
  expect(started.script.refs[0]?.details).toMatchObject({ isSpoiler: 'no', isAgeRestricted: 'yes' });
});

test('an age-restricted channel of a server that the bot is not in is one, too', async () => {
  await startPlatform({ ageRestrictedOnly: true });
  const elsewhere = { type: ChannelType.GuildText, name: 'late', guild: '999000000000000001' };
  const late = discord.world.addChannel({ ...elsewhere, nsfw: true });
  discord.animate(PICTURE, {}, { channel: late, isForeign: true });
  expect(await opened()).toBeDefined();
  const early = discord.animate(PICTURE, {}, { channel: discord.world.addChannel(elsewhere), isForeign: true });
  expect(await discord.told(early)).toBe(en.chat.ageRestrictedOnly);
});

const DISCORD_EPOCH_MS = 1_420_070_400_000;
const idOf = (at: number) => String(BigInt(Math.floor(at) - DISCORD_EPOCH_MS) << 22n);

test('a message that can be changed for minutes only says before its end that the clip comes by another way', async () => {
  await startPlatform();
  discord.animate(PICTURE, { private: true }, { id: idOf(Date.now() - 13 * 60_000) });
  const message = await opened();
  const last = await discord.until(() => {
    const found = discord.world.messages.get(message?.id ?? '');
    return found?.content.startsWith('This takes longer than Discord lets me update this message.') ? found : undefined;
  });
  expect(last.components).not.toEqual([]);
});

test.each([
  ['shares a server with its member', false, /I'll send the clip to you in a direct message\.$/],
  [
    'knows of no server that it shares',
    true,
    /only if we share a server: add me to one of yours, or try again later\.$/,
  ],
])('the last words of a message where the bot %s promise what can come', async (_what, isForeign, words) => {
  await startPlatform();
  const far = discord.world.addChannel({ type: ChannelType.GuildText, name: 'far', guild: '999000000000000001' });
  const given = { id: idOf(Date.now() - 13 * 60_000), ...(isForeign && { channel: far, isForeign }) };
  discord.animate(PICTURE, { private: true }, given);
  const message = await opened();
  const isLast = () => discord.world.messages.get(message?.id ?? '')?.content.startsWith('This takes longer');
  await discord.until(isLast);
  expect(discord.world.messages.get(message?.id ?? '')?.content).toMatch(words);
  // A later state of the render has them, too.
  const [ref] = started.script.refs;
  if (ref) await started.platform.update(ref, view());
  expect(discord.world.messages.get(message?.id ?? '')?.content).toMatch(words);
});

test.each([
  ['everything', EVERY_PERMISSION],
  ['no View Channel', EVERY_PERMISSION & ~PermissionFlagsBits.ViewChannel],
])('Delete takes its message away with %s', async (_what, permissions) => {
  await startPlatform();
  discord.animate(PICTURE);
  const status = await opened();
  if (!status) throw new Error('There is no status message');
  for (const channel of discord.world.channels.values()) channel.permissions = permissions;
  const press = discord.pressById(status, 'delete:web-0');
  expect(await discord.told(press)).toBe('You pressed delete.');
  expect(discord.world.messages.has(status.id)).toBe(false);
});

test('where a message cannot be removed at all, nobody is told that it was', async () => {
  await startPlatform();
  discord.animate(PICTURE);
  const status = await opened();
  if (!status) throw new Error('There is no status message');
  discord.trouble({ method: 'DELETE', path: /original$/, status: 403, code: 50001, times: 9 });
  const press = discord.pressById(status, 'delete:web-0');
  expect(await discord.told(press)).toMatch(/^I deleted the clip, but I can't remove its message/);
});

test('commands that were registered for one server are taken back when they are everywhere', async () => {
  await startPlatform({ guild: GUILD_ID });
  expect(discord.world.serverCommands.get(GUILD_ID)).toHaveLength(5);
  expect(discord.world.commands).toEqual([]);
  await started.platform.stop();
  await startPlatform();
  expect(discord.world.serverCommands.get(GUILD_ID)).toEqual([]);
  expect(discord.world.commands).toHaveLength(5);
});

test('a command or a menu of an older release is answered with what there is now', async () => {
  await startPlatform();
  const sentence = 'That command no longer exists. Use `/animate` instead.';
  expect(await discord.told(discord.command('bring-to-life'))).toBe(sentence);
  expect(await discord.told(discord.memberMenu(AVATAR, {}, 'Animate'))).toBe(sentence);
});

test('a member who is no friend of the server reads refusals all the same', async () => {
  await startPlatform();
  started.script.onAnimate = () => Promise.reject(new Error('a bug'));
  const command = discord.animate(PICTURE, {}, { isForeign: true, member: BOB });
  expect(await discord.told(command)).toMatch(/^Something broke on our side|^Something went wrong on our side/);
  expect(ADA.id).not.toBe(BOB.id);
});

const wide = () => new UserError('aspect_too_extreme', 'Too wide.', { offers: ['crop', 'pad'] });

test('what a refusal offers is begun with one press, as its member’s own command, and once', async () => {
  await startPlatform();
  const takes = started.script.onAnimate;
  started.script.onAnimate = (command) =>
    (command.text as ParsedCommand).fit ? takes(command) : Promise.reject(wide());
  const command = discord.animate(PICTURE, { prompt: 'it waves' });
  await discord.told(command);
  const refused = discord.answersTo(command).find(({ components }) => components.length > 0);
  if (!refused) throw new Error('There is no button');
  const press = discord.press(refused, 'Pad it');
  const status = await opened();
  expect(status?.channel).toBe(press.original);
  expect(started.script.commands.at(-1)).toMatchObject({
    eventId: `${command.id}-pad`,
    text: { prompt: 'it waves', fit: 'pad' },
  });
  const again = discord.press(refused, 'Pad it');
  expect(await discord.told(again)).toBe(en.chat.alreadyPressed);
  expect(await discord.told(discord.press(refused, 'Crop it', { member: BOB }))).toBe(en.chat.expired);
});

test('who accepts the text need not send the command again', async () => {
  await startPlatform();
  let isAccepted = false;
  const takes = started.script.onAnimate;
  started.script.onAccept = () => {
    isAccepted = true;
  };
  started.script.onAnimate = (command) =>
    isAccepted ? takes(command) : Promise.reject(new UserError('consent_missing', 'Be kind.'));
  const command = discord.animate(PICTURE);
  await discord.told(command);
  const refused = discord.answersTo(command).find(({ components }) => components.length > 0);
  if (!refused) throw new Error('There is no button');
  discord.press(refused, 'Accept');
  expect(await opened()).toBeDefined();
  expect(started.script.commands.at(-1)).toMatchObject({ eventId: `${command.id}-ok` });
});

const inServer =
  (type: ChannelType, more: object = {}) =>
  () =>
    discord.world.addChannel({ type, name: 'a place', guild: GUILD_ID, ...more });
const PLACES = {
  'a text channel': { at: () => discord.garden },
  'a thread': { at: () => inServer(ChannelType.PublicThread, { parent: discord.garden.id })() },
  'an announcement channel': { at: inServer(ChannelType.GuildAnnouncement) },
  'a forum post': { at: () => inServer(ChannelType.PublicThread, { parent: inServer(ChannelType.GuildForum)().id })() },
  'a voice channel': { at: inServer(ChannelType.GuildVoice) },
  'a direct message with the bot': { at: () => discord.world.directChannelOf(ADA.id) },
  'a group message': {
    at: () => discord.world.addChannel({ type: ChannelType.GroupDM, name: 'we', guild: undefined }),
    isForeign: true,
  },
  'a foreign server': { at: inServer(ChannelType.GuildText, { guild: '999000000000000001' }), isForeign: true },
  'a channel where the bot may nothing but see and attach': {
    at: inServer(ChannelType.GuildText, {
      permissions: PermissionFlagsBits.ViewChannel | PermissionFlagsBits.AttachFiles,
    }),
  },
} satisfies Record<string, { at: () => FakeChannel; isForeign?: boolean }>;

test.each(Object.entries(PLACES))(
  'in %s a refusal is read by its member, and by nobody else',
  async (_where, place) => {
    await startPlatform();
    started.script.onAnimate = () => Promise.reject(new UserError('picture_broken', 'That picture is broken.'));
    for (const isPrivate of [false, true]) {
      const given = { channel: place.at(), isForeign: 'isForeign' in place };
      const command = discord.animate(PICTURE, { private: isPrivate }, given);
      const says = ({ content }: FakeMessage) => content.includes('That picture is broken.');
      expect(isPublic(await discord.until(() => discord.answersTo(command).find(says)))).toBe(false);
      expect(discord.answersTo(command).filter(isPublic)).toEqual([]);
    }
  },
);
