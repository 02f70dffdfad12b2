// A press of a button that could not be kept, which its member is told of, is not held against their next one.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { actOnFirst } from '../../src/bots/first-press.ts';
import { en } from '../../src/bots/languages/en.ts';
import { createInbox } from '../../src/queue/inbox.ts';
import { createNotes } from '../../src/queue/notes.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { startBotOn } from '../fakes/bot.ts';
import { onSlack } from '../fakes/chat-platforms.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';
import { startSlack } from '../fakes/slack/slack.ts';
import { createStarted } from './discord/started.ts';

let server: TestRedis;
let redis: Redis;
beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
  await redis.ping();
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

/** An inbox of Redis' that breaks while it is told to. */
function createBrokenInbox(of: Redis, platform: string) {
  const inbox = createInbox<never>(of, platform);
  const state = { isBroken: false };
  const put: typeof inbox.put = (...given) =>
    state.isBroken ? Promise.reject(new Error('Redis broke')) : inbox.put(...given);
  return { state, inbox: { ...inbox, put } };
}

test('the first of two presses is acted on, unless it came to nothing', async () => {
  const notes = createNotes(redis, 'test', KEEP_MS);
  const first = { name: 'press:again:1', withinMs: 60_000 };
  await expect(actOnFirst(notes, first, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const acted: string[] = [];
  const act = async () => void acted.push('acted');
  await expect.poll(() => actOnFirst(notes, first, act)).toBe(true);
  expect(await actOnFirst(notes, first, act)).toBe(false);
  expect(acted).toEqual(['acted']);
});

test('on Discord', async () => {
  const started = await createStarted();
  try {
    const { state, inbox } = createBrokenInbox(redis, 'discord');
    await started.start({ inbox, samePressMs: 60_000 });
    const { discord } = started;
    discord.animate(Buffer.from('a picture'));
    const message = await started.opened();
    if (!message) throw new Error('There is no message');
    state.isBroken = true;
    expect(await discord.told(discord.press(message, en.buttons.cancel))).toBe(en.chat.broken);
    state.isBroken = false;
    expect(await discord.told(discord.press(message, en.buttons.cancel))).toBe('You pressed cancel.');
    expect(await discord.told(discord.press(message, en.buttons.cancel))).toBe(en.chat.alreadyPressed);
  } finally {
    await started.stop();
  }
});

test('on Slack', async () => {
  const slack = await startSlack();
  const { state, inbox } = createBrokenInbox(redis, 'slack');
  const bot = await startBotOn(server, onSlack(slack, [], { inbox, samePressMs: 60_000 }));
  try {
    slack.mention('she smiles', { files: [slack.upload(await drawPicture())] });
    const message = await slack.until(() =>
      [...slack.world.messages.values()].find(({ blocks }) => JSON.stringify(blocks).includes(en.buttons.cancel)),
    );
    state.isBroken = true;
    slack.press(message, en.buttons.cancel);
    expect(await slack.told()).toBe(en.chat.broken);
    state.isBroken = false;
    slack.press(message, en.buttons.cancel);
    expect(await slack.told()).toBe(en.cancelledInTime);
  } finally {
    await bot[Symbol.asyncDispose]();
    await slack.close();
  }
});
