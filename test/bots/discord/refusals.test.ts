// What Discord refuses: the clip comes all the same, at most twice, and no message says for ever that it goes on.
import { ChannelType, PermissionFlagsBits } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ADA, type Discord, EVERY_PERMISSION, GUILD_ID, startDiscord } from '../../fakes/discord/discord.ts';
import { createStatusOnDiscord, FIRST_VIEW, REMOVED_VIEW, type StatusOnDiscord, toOrigin } from './status.ts';

const PAGE = '<html><body>error code: 1020</body></html>';

let discord: Discord;
let there: StatusOnDiscord;

beforeEach(async () => {
  discord = await startDiscord({ allowance: { requests: 1000, perMs: 1000 } });
  there = createStatusOnDiscord(discord);
});
afterEach(() => discord.close());

const uploads = () => discord.requests.filter(({ isUpload }) => isUpload);
const direct = () => discord.world.messagesIn(discord.world.directChannelOf(ADA.id).id);
const without = (flag: bigint) => Object.assign(discord.garden, { permissions: EVERY_PERMISSION & ~flag });
const command = () => there.answered(discord.animate(Buffer.from('x')));

test('without Read Message History the member is mentioned without a reply, and the clip is uploaded once', async () => {
  without(PermissionFlagsBits.ReadMessageHistory);
  const ref = await there.placed();
  await there.deliver(ref);
  const mention = discord.world.messagesIn(discord.garden.id).find(({ pinged }) => pinged.includes(ADA.id));
  expect(mention).toMatchObject({ reference: undefined });
  expect(uploads()).toHaveLength(1);
});

test.each([
  [400, 50035],
  [403, 50001],
  [400, 30033],
  [400, 50083],
  [403, 160005],
  [404, 10003],
  [400, 987654],
])('a mention that is refused with %i %i is done without, and brings no clip again', async (status, code) => {
  const ref = await there.placed();
  const refusal = { method: 'POST', path: /\/messages$/, status, code };
  discord.trouble({ ...refusal, times: 9 });
  await there.deliver(ref);
  await there.deliver(ref);
  expect(uploads()).toHaveLength(1);
  expect(discord.world.messages.get(ref.message)?.files).toHaveLength(1);
});

test('a mention that has to wait is tried again by itself', async () => {
  const ref = await there.placed();
  discord.trouble({ method: 'POST', path: /\/messages$/, status: 400, code: 20016, times: 1 });
  await expect(there.deliver(ref)).rejects.toThrow();
  await there.deliver(ref);
  expect(uploads()).toHaveLength(1);
  expect(discord.world.messagesIn(discord.garden.id).flatMap(({ pinged }) => pinged)).toEqual([ADA.id]);
});

test.each([
  [400, 50035],
  [403, 50005],
  [400, 20022],
  [400, 240000],
  [400, 20009],
  [400, 987654],
])(
  'a clip that its message does not take (%i %i) goes to the member, and the message says so',
  async (status, code) => {
    const ref = await there.placed();
    discord.trouble({ method: 'PATCH', path: /\/messages\/\d+$/, isUpload: true, status, code, times: 99 });
    await there.deliver(ref);
    expect(uploads()).toHaveLength(2);
    expect(direct().flatMap(({ files }) => files)).toHaveLength(1);
    expect(discord.world.messages.get(ref.message)?.content).toMatch(
      /^\*\*Here is your clip\*\*[\s\S]*Discord didn't let me post the clip here, so I sent it to you in a direct message\.$/,
    );
  },
);

test.each([
  [403, 50001],
  [403, 50013],
  [403, 160005],
])('a clip for a place that the bot has lost (%i %i) goes to the member', async (status, code) => {
  const ref = await there.placed();
  discord.trouble({ method: 'PATCH', path: /\/messages\/\d+$/, status, code, times: 99 });
  await there.deliver(ref);
  expect(uploads()).toHaveLength(2);
  expect(direct().flatMap(({ files }) => files)).toHaveLength(1);
});

test('a clip that nobody takes is uploaded twice, and its message says that it is finished, with a link', async () => {
  const ref = await there.placed();
  discord.trouble({ method: 'PATCH', path: /\/messages\/\d+$/, isUpload: true, status: 400, code: 50035, times: 99 });
  discord.world.strangers.add(ADA.id);
  const link = async () => ({ address: 'https://clips.example/1.mp4', endsAt: 1_800_000_000_000 });
  await there.deliver(ref, 1000, { link });
  await there.deliver(ref, 1000, { link });
  expect(uploads()).toHaveLength(2);
  expect(direct()).toEqual([]);
  expect(discord.world.messages.get(ref.message)?.content).toContain('[watch it here](https://clips.example/1.mp4)');
});

test('a page in front of Discord that blocks every upload is asked twice, in all lives of the clip', async () => {
  const ref = await there.placed();
  discord.trouble({ method: 'PATCH', path: /\/messages\/\d+$/, isUpload: true, status: 403, page: PAGE, times: 99 });
  await expect(there.deliver(ref)).rejects.toThrow(/answered 403 in its place/);
  await expect(there.deliver(ref)).rejects.toThrow(/answered 403 in its place/);
  await there.deliver(ref);
  await there.deliver(ref);
  expect(uploads()).toHaveLength(2);
  expect(direct()).toHaveLength(1);
  expect(discord.world.messages.get(ref.message)?.content).toContain('in a direct message');
});

test('an outage that began with an upload is waited for without further uploads', async () => {
  const ref = await there.placed();
  const outage = discord.trouble({ method: 'PATCH', path: /\/messages\/\d+$/, status: 403, page: PAGE, times: 20 });
  while (outage.times > 0) await expect(there.deliver(ref)).rejects.toThrow(/in its place/);
  await there.deliver(ref);
  expect(uploads()).toHaveLength(2);
  expect(discord.world.messages.get(ref.message)?.files).toHaveLength(1);
});

test.each([
  [400, 50024],
  [400, 50035],
  [403, 20029],
  [400, 30033],
  [400, 200001],
  [403, 40333],
  [401, 60003],
  [401, 0],
  [403, 160005],
  [400, 160006],
  [400, 160007],
  [403, 50001],
  [403, 50013],
  [400, 987654],
])('a thread that is refused with %i %i is done without', async (status, code) => {
  discord.trouble({ method: 'POST', path: /\/threads$/, status, code, times: 1 });
  const given = await command();
  const ref = await there.status.open(toOrigin(discord, given), FIRST_VIEW);
  expect(ref.message).toBe(given.original);
  expect(discord.world.messages.get(ref.message)?.content).toContain('Getting in line');
});

test('an announcement channel has threads, too', async () => {
  const news = discord.world.addChannel({ type: ChannelType.GuildAnnouncement, name: 'news', guild: GUILD_ID });
  const given = await there.answered(discord.animate(Buffer.from('x'), {}, { channel: news }));
  const ref = await there.status.open(toOrigin(discord, given), FIRST_VIEW);
  expect(discord.world.channels.get(ref.channel)).toMatchObject({ type: ChannelType.AnnouncementThread });
});

test.each([
  ['Send Messages', PermissionFlagsBits.SendMessages],
  ['View Channel', PermissionFlagsBits.ViewChannel],
])('a press where the bot lacks %s is answered with the token of the press', async (_name, flag) => {
  without(flag);
  const pressed = await there.answered(discord.animate(Buffer.from('x')), { isDeferred: true });
  const ref = await there.status.openBeside(toOrigin(discord, pressed, { home: 'place' }), FIRST_VIEW);
  expect(ref.message).not.toBe(pressed.original);
  expect(discord.world.messages.get(ref.message)).toMatchObject({ channel: discord.garden.id, flags: 4 });
  await there.deliver(ref);
  expect(discord.world.messages.get(ref.message)?.files).toHaveLength(1);
});

test('a press without Read Message History is answered beside, without a reply', async () => {
  without(PermissionFlagsBits.ReadMessageHistory);
  const before = await there.placed();
  const pressed = await there.answered(discord.animate(Buffer.from('x')), { isDeferred: true });
  const origin = toOrigin(discord, pressed, { home: 'place', message: before.message });
  const ref = await there.status.openBeside(origin, { ...FIRST_VIEW, renderId: 'discord-2' });
  expect(discord.world.messages.get(ref.message)).toMatchObject({ reference: undefined, channel: discord.garden.id });
});

test.each([
  [403, 50001],
  [403, 160005],
  [400, 987654],
])('a message that cannot be removed (%i %i) is left, and not tried for a day', async (status, code) => {
  const ref = await there.placed();
  discord.trouble({ method: 'DELETE', path: /\/messages\/\d+$/, status, code, times: 9 });
  await there.status.update(ref, REMOVED_VIEW);
});

test('nothing that is sent breaks Discord’s schemas', async () => {
  await there.deliver(await there.placed());
  expect(discord.faults).toEqual([]);
});
