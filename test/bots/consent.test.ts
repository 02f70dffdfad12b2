// The text that has to be accepted first, and "delete all my clips", as members meet them on each platform.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { de } from '../../src/bots/languages/de.ts';
import { en } from '../../src/bots/languages/en.ts';
import { createWebPlatform } from '../../src/bots/web/web-platform.ts';
import { startBotOn } from '../fakes/bot.ts';
import { onDiscord, onSlack } from '../fakes/chat-platforms.ts';
import { EPHEMERAL, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { BOB, startSlack } from '../fakes/slack/slack.ts';
import { openToAll } from './web/fixtures.ts';

const consentText = 'Only pictures of people who agreed to it.';
const settings = { settings: { consentText } };

let server: TestRedis;
let picture: Buffer;
beforeEach(async () => {
  server = await startRedis();
  picture = await drawPicture();
});
afterEach(() => server.stop());

test('on Discord the text comes to its member alone, with a button, and nothing is left in the channel', async () => {
  const discord = await startDiscord();
  try {
    await using bot = await startBotOn(server, onDiscord(discord), settings);
    const command = discord.animate(picture);
    const text = await discord.until(() =>
      discord
        .answersTo(command)
        .find(({ content, flags }) => content.includes(consentText) && (flags & EPHEMERAL) !== 0),
    );
    expect(discord.world.messagesIn(discord.garden.id).filter(({ flags }) => (flags & EPHEMERAL) === 0)).toEqual([]);
    discord.press(text, en.trust.accept);
    const begun = `discord-${command.id}-ok`;
    await discord.until(() => JSON.stringify([...discord.world.messages.values()]).includes(begun));
    expect(await bot.records.listOf('discord', command.member.id)).toEqual([begun]);

    expect(await discord.told(discord.command('animate-help', {}, { delete_my_clips: true }))).toBe('Deleted 1 clip.');
    expect((await bot.records.get(begun))?.outcome).toEqual({ kind: 'deleted' });
  } finally {
    await discord.close();
  }
});

test('on Slack the text comes to its member alone, with a button, and can be accepted by a command as well', async () => {
  const slack = await startSlack();
  try {
    await using bot = await startBotOn(server, onSlack(slack), settings);
    slack.mention('she smiles', { files: [slack.upload(picture)] });
    expect(await slack.told()).toBe(`${consentText}\n${en.slack.howToAccept}`);
    const [text] = slack.world.ephemerals;
    if (text) slack.press(text, en.trust.accept);
    expect(await slack.told()).toBe(en.chat.onItsWay);
    await slack.until(() => [...slack.world.messages.values()].find(({ blocks }) => blocks.length > 0));
    expect(await bot.redis.keys('*slack*:renders')).toHaveLength(1);

    slack.command('animate', 'accept', { member: BOB });
    expect(await slack.told(BOB)).toBe(de.trust.accepted);
    expect(await bot.redis.hkeys('{animate}:consents:slack')).toHaveLength(2);
    slack.command('animate', 'delete my clips');
    expect(await slack.told()).toBe('Deleted 1 clip.');
    expect(slack.faults).toEqual([]);
  } finally {
    await slack.close();
  }
});

test('on the chat page the text comes with its code, and the same browser goes on once it has accepted', async () => {
  await using bot = await startBotOn(
    server,
    ({ redis, store, log }) =>
      createWebPlatform({
        ...{ ...openToAll(redis), redis, media: store, log },
        maxPictureBytes: 2 ** 20,
      }),
    settings,
  );
  let cookie = '';
  const send = async (path: string, body?: FormData) => {
    const response = await fetch(`${bot.platform.address()}/api/${path}`, {
      ...{ method: 'POST', headers: { cookie } },
      ...(body && { body }),
    });
    cookie ||= response.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { status: response.status, body: await response.json() };
  };
  const animate = () => {
    const form = new FormData();
    form.set('eventId', crypto.randomUUID());
    form.set('text', 'she smiles');
    form.set('picture', new Blob([new Uint8Array(picture)]), 'a.png');
    return send('animate', form);
  };
  expect(await animate()).toEqual({ status: 422, body: { code: 'consent_missing', message: consentText } });
  expect(await send('accept')).toEqual({ status: 200, body: { message: en.trust.accepted } });
  expect(await animate()).toMatchObject({ status: 202 });
});
