// What is older than promised goes: from the store, on disk and in a real bucket, and from Redis. What is not, stays.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileStore } from '../../src/media/files.ts';
import { createS3Store } from '../../src/media/s3.ts';
import type { Store } from '../../src/media/store.ts';
import { createNotes } from '../../src/queue/notes.ts';
import { createRetention } from '../../src/queue/retention.ts';
import { startPage, view } from '../bots/web/fixtures.ts';
import { PICTURE, startTestBot } from '../fakes/bot.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';
import { DAY_MS, KEEP_MS } from '../fakes/retention.ts';
import { startS3 } from '../fakes/s3.ts';

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const stores = {
  async onDisk() {
    const folder = await mkdtemp(join(tmpdir(), 'kept-'));
    return {
      store: createFileStore(folder),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  },
  async inBucket() {
    const bucket = await startS3();
    return { store: createS3Store(bucket), [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose]() };
  },
} satisfies Record<string, () => Promise<AsyncDisposable & { store: Store }>>;

async function startKept(store: Store) {
  const bot = await startTestBot(server, { store });
  const retention = createRetention({
    ...{ records: bot.records, queue: bot.queue, store, keepMs: KEEP_MS, now: () => bot.clock.now },
    notes: createNotes(bot.redis, randomUUID(), KEEP_MS),
    forgetBefore: async () => undefined,
    compaction: { ask: async () => undefined },
    log: pino({ level: 'silent' }),
  });
  const ask = async (text: string): Promise<string> => {
    const told = await bot.platform.animate({ text, picture: PICTURE });
    return 'answered' in told ? told.answered : '';
  };
  const render = async (text: string): Promise<string> => {
    const renderId = await ask(text);
    await bot.finish(renderId);
    await bot.platform.until((messages) =>
      messages.some(({ view }) => view.renderId === renderId && view.kind === 'done'),
    );
    await expect.poll(async () => (await bot.records.get(renderId))?.isDelivered).toBe(true);
    return renderId;
  };
  const files = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of store.list()) keys.push(key);
    return keys.sort();
  };
  return Object.assign(bot, { retention, ask, render, files });
}

describe.each(Object.entries(stores))('a store %s', (_name, open) => {
  test('loses what is older than promised, and so does Redis', async () => {
    await using kept = await open();
    await using bot = await startKept(kept.store);
    const old = await bot.render('the wind in the old oak');
    const deleted = await bot.render('the rain on the old roof');
    await bot.platform.press('delete', deleted);
    const waiting = await bot.ask('a long wait');
    await kept.store.write('clips/fake-nobody.mp4', Buffer.from('a clip that nothing refers to'));
    expect(await bot.retention.sweep()).toEqual({ renders: 0, files: 0 });

    bot.clock.now += KEEP_MS + DAY_MS;
    const young = await bot.render('a new day');
    expect(await bot.retention.sweep()).toMatchObject({ renders: 2 });

    // The young ones are a week old for their files, whose time is not a test's to set; their records keep them.
    expect(await bot.files()).toEqual(
      [`clips/${young}.mp4`, `pictures/${waiting}.png`, `pictures/${young}.png`].sort(),
    );
    // BullMQ's streams of events have ids alone and a fixed length; the count of a day ends with it, by Redis's own clock.
    const leftOf = async (what: string[]) => {
      const text = await everythingIn(bot.redis, (key) => /:events$|:(taken|spent):/.test(key));
      return what.filter((each) => text.includes(each));
    };
    // Where progress was being shown as the outcome came, the outcome is shown again two seconds later: an errand that has the id.
    await expect.poll(() => leftOf([old, deleted, 'the old oak', 'the old roof']), { timeout: 90_000 }).toEqual([]);
    expect(await leftOf(['a long wait'])).toEqual(['a long wait']);
    expect(await bot.platform.press('again', old)).toHaveProperty('refused');

    // What waited for longer than anything is kept goes once it has ended.
    await bot.platform.press('cancel', waiting);
    await expect.poll(async () => (await bot.records.get(waiting))?.isDelivered).toBe(true);
    expect(await bot.retention.sweep()).toMatchObject({ renders: 1 });
    expect(await bot.files()).toEqual([`clips/${young}.mp4`, `pictures/${young}.png`]);
  });
});

test('of many bots one sweeps', async () => {
  await using kept = await stores.onDisk();
  await using bot = await startKept(kept.store);
  const notes = createNotes(bot.redis, randomUUID(), KEEP_MS);
  let sweeps = 0;
  const retentions = Array.from({ length: 5 }, () =>
    createRetention({
      ...{ records: bot.records, queue: bot.queue, store: kept.store, notes, keepMs: KEEP_MS },
      forgetBefore: async () => {
        sweeps += 1;
      },
      compaction: { ask: async () => undefined },
      log: pino({ level: 'silent' }),
    }),
  );
  const stops = retentions.map((retention) => retention.start());
  await Promise.all(stops.map((stop) => stop()));
  expect(sweeps).toBe(1);
});

test('the chat page forgets its messages too, but for those in whose thread something is newer', async () => {
  const clock = { now: Date.now() };
  await using page = await startPage(server, { now: () => clock.now });
  for (const eventId of ['e1', 'e2']) await page.animate({ eventId });
  clock.now += 2 * DAY_MS;
  page.script.onPress = async ({ open }) => {
    await open(view({ renderId: 'web-3' }));
    return 'Once more.';
  };
  await page.press('web-2', { action: 'again', eventId: 'e3' });
  await page.platform.forgetBefore(clock.now - DAY_MS);
  expect((await page.messages()).map(({ id }) => id)).toEqual(['m-e2']);
});
