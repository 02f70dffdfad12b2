// How outcomes come into their messages, with two bots beside each other, and what a deletion takes away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Mark } from '../../src/media/clip-tools.ts';
import { createFileStore } from '../../src/media/files.ts';
import type { Store } from '../../src/media/store.ts';
import { PICTURE, startTestBot } from '../fakes/bot.ts';
import type { ShownMessage } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';

const DAY_MS = 24 * 3600 * 1000;

let server: TestRedis;
let channel: Map<string, ShownMessage>;
beforeEach(async () => {
  server = await startRedis();
  channel = new Map();
});
afterEach(() => server.stop());

const take = async (bot: Awaited<ReturnType<typeof startTestBot>>): Promise<string> => {
  const told = await bot.platform.animate({ eventId: 'e1', picture: PICTURE });
  return 'answered' in told ? told.answered : expect.fail(JSON.stringify(told));
};

test('progress that one bot shows late, over the outcome that another has delivered, does not stay', async () => {
  await using bot = await startTestBot(server, { channel });
  const renderId = await take(bot);
  await bot.handlers.whileUnderWay(renderId, async () => {
    const [waiting] = bot.platform.messages();
    await bot.finish(renderId);
    const [done] = await bot.platform.until(([message]) => message?.view.kind === 'done');
    await expect.poll(async () => (await bot.records.get(renderId))?.isDelivered).toBe(true);
    if (waiting && done) channel.set(done.ref.message, { ...done, view: waiting.view });
  });
  const [message] = await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  expect(message).toMatchObject({ clip: { filename: `${renderId}.mp4` }, deliveries: 1 });
  await bot.handlers.whileUnderWay(renderId, () => expect.fail('It has ended'));
});

test('a link to a clip ends when the clip is deleted, however long a link may last', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'animate-store-'));
  const store: Store = {
    ...createFileStore(folder),
    link: async (_key, seconds) => `https://clips.example/${seconds}`,
  };
  await using bot = await startTestBot(server, { channel, store });
  const createdAt = bot.clock.now;
  const renderId = await take(bot);
  bot.clock.now += 3 * DAY_MS;
  await bot.finish(renderId);
  const [message] = await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  const endsAt = createdAt + KEEP_MS;
  expect(await message?.clip?.link()).toEqual({ address: `https://clips.example/${4 * 24 * 3600}`, endsAt });
  await rm(folder, { recursive: true });
});

test('a deletion is brought to its end however often the service or the store fails meanwhile', async () => {
  await using bot = await startTestBot(server, { channel });
  const renderId = await take(bot);
  await bot.finish(renderId);
  await bot.platform.until(([message]) => message?.view.kind === 'done');
  bot.platform.failNext(new Error('The service cannot be reached'));
  expect(await bot.platform.press('delete', renderId)).toEqual({ answered: 'Deleted.' });
  await bot.platform.until((messages) => messages.length === 0);
  await expect.poll(async () => (await bot.records.get(renderId))?.isDelivered).toBe(true);
  const keys: string[] = [];
  for await (const { key } of bot.store.list()) keys.push(key);
  expect(keys).toEqual([]);
});

test('a clip is marked once, before anybody is shown it, with nothing of its member in the mark', async () => {
  const asked: unknown[] = [];
  const mark: Mark = async (clip, made) => {
    asked.push(made);
    return { clip: Buffer.concat([clip, Buffer.from(' (marked)')]) };
  };
  await using bot = await startTestBot(server, { channel, mark });
  const renderId = await take(bot);
  bot.platform.failNext(new Error('The service cannot be reached'));
  await bot.finish(renderId, Buffer.from('a clip'));
  const [message] = await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  expect(await text((await message?.clip?.read()) ?? Readable.from([]))).toBe('a clip (marked)');
  expect(message?.clip?.result.bytes).toBe('a clip (marked)'.length);
  expect(asked).toEqual([expect.objectContaining({ engine: 'fastvideo' })]);
});

test('a clip that cannot be marked is delivered, and its operator is told', async () => {
  const mark: Mark = async (clip) => ({ clip, fault: 'No mark at all: it is no MP4' });
  await using bot = await startTestBot(server, { channel, mark });
  const renderId = await take(bot);
  await bot.finish(renderId);
  await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  expect(bot.logged()).toContain('"fault":"No mark at all: it is no MP4","msg":"A clip is not marked as it should be"');
});

test('a clip that is made smaller is marked, too, within the bytes that there are', async () => {
  const mark: Mark = async (clip) => ({ clip: Buffer.concat([clip, Buffer.alloc(13_000)]) });
  const shrink = async (_clip: Buffer, maxBytes: number) => Buffer.alloc(maxBytes);
  await using bot = await startTestBot(server, { channel, mark, shrink });
  const renderId = await take(bot);
  await bot.finish(renderId);
  const [message] = await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  const smaller = await message?.clip?.shrink(100_000);
  expect(smaller?.length).toBe(93_000);
});

test('a clip that has to be made so small that a mark has no room comes without one, and its operator is told', async () => {
  const shrink = async (_clip: Buffer, maxBytes: number) => (maxBytes > 0 ? Buffer.alloc(maxBytes) : undefined);
  await using bot = await startTestBot(server, { channel, shrink });
  const renderId = await take(bot);
  await bot.finish(renderId);
  const [message] = await bot.platform.until(([shown]) => shown?.view.kind === 'done');
  expect((await message?.clip?.shrink(15_000))?.length).toBe(15_000);
  expect(bot.logged()).toContain('no room for its mark');
});
