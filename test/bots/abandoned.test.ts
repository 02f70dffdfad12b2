// Commands that nobody sends again after a bot has died in the middle: on a page whose browser was closed, for instance.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MessageRef } from '../../src/bots/platform.ts';
import { createBeginnings } from '../../src/queue/beginnings.ts';
import type { RenderRecord } from '../../src/queue/records.ts';
import { PICTURE } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type LimitedBot, left, limitsOf, PLACE, REQUEST, startLimitedBot, waiting } from './limited-bot.ts';

const LATER_MS = 5 * 60_000;
/** It is looked for every few seconds. */
const FOUND = { timeout: 90_000 };

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const takeAway = (bot: LimitedBot) =>
  bot.handlers.animate({
    ...{ eventId: 'e1', member: ADA, place: PLACE, text: 'she smiles', picture: PICTURE },
    open: (): Promise<MessageRef> => Promise.reject(new Error('The bot is killed here')),
  });

const begun = async (bot: LimitedBot) => (await createBeginnings(bot.redis).listBefore('fake', Infinity)).length;

test('what was kept gets its message and its place in line', async () => {
  await using bot = await startLimitedBot(server);
  await expect(takeAway(bot)).rejects.toThrow('killed here');
  expect(await begun(bot)).toBe(1);
  bot.clock.now += LATER_MS;
  await expect.poll(() => begun(bot), FOUND).toBe(0);
  expect(await waiting(bot)).toBe(1);
  expect(bot.platform.messages()).toMatchObject([{ view: { renderId: 'fake-e1' } }]);
  await bot.finish('fake-e1');
  await bot.platform.until((messages) => messages.some(({ view }) => view.kind === 'done'));
  expect(await left(bot)).toBe(1);
});

test('what was only counted and stored is counted and stored no more, and can be begun anew', async () => {
  await using bot = await startLimitedBot(server);
  await createBeginnings(bot.redis).begin({ id: 'fake-e1', platform: 'fake', member: ADA, place: PLACE }, Date.now());
  await limitsOf(bot).take({ id: 'fake-e1', platform: 'fake', member: ADA, place: PLACE, request: REQUEST });
  await bot.store.write(REQUEST.image, PICTURE.bytes);
  expect(await left(bot)).toBe(0);
  bot.clock.now += LATER_MS;
  await expect.poll(() => begun(bot), FOUND).toBe(0);
  expect(await left(bot)).toBe(1);
  expect(await bot.store.size(REQUEST.image)).toBeUndefined();
  expect(await bot.platform.animate({ eventId: 'e1', picture: PICTURE })).toEqual({ answered: 'fake-e1' });
  expect(await begun(bot)).toBe(0);
});

test('where an inbox has the command still, it is left to that', async () => {
  await using bot = await startLimitedBot(server);
  delete bot.platform.openKept;
  await expect(takeAway(bot)).rejects.toThrow('killed here');
  bot.clock.now += LATER_MS;
  // What came later and was only begun goes: by then the other one has been looked at.
  await createBeginnings(bot.redis).begin({ id: 'fake-e2', platform: 'fake', member: ADA, place: PLACE }, Date.now());
  await expect.poll(() => begun(bot), FOUND).toBe(1);
  expect(await bot.queue.find('fake-e1')).toMatchObject({ ref: undefined });
  expect(await left(bot)).toBe(0);
});

test('what is refused, and what is in line, leaves no beginning', async () => {
  await using bot = await startLimitedBot(server);
  await bot.platform.animate({ picture: PICTURE });
  expect(await bot.platform.animate({ picture: PICTURE })).toHaveProperty('refused');
  expect(await begun(bot)).toBe(0);
});

test('those that an inbox still has, however many, do not hide what is to be given up', async () => {
  await using bot = await startLimitedBot(server);
  delete bot.platform.openKept;
  await expect(takeAway(bot)).rejects.toThrow('killed here');
  const entry = await bot.records.get('fake-e1');
  const beginnings = createBeginnings(bot.redis);
  for (let number = 0; number < 150; number += 1) {
    const kept = { ...entry?.record, id: `fake-kept${number}`, createdAt: 0 } as RenderRecord;
    await beginnings.begin(kept, 1);
    await bot.records.create(kept);
  }
  await beginnings.begin({ id: 'fake-last', platform: 'fake', member: ADA, place: PLACE }, Date.now());
  bot.clock.now += LATER_MS;
  const names = () => bot.redis.zrange('{animate}:begun:fake', 0, '-1');
  await expect.poll(async () => (await names()).join(), FOUND).not.toContain('fake-last');
  expect(await names()).toHaveLength(151);
});
