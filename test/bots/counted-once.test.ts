// What is counted against a member is counted once for each thing that they did, however often the chat service tells it and however
// many bots hear it at one moment.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Handlers } from '../../src/bots/platform.ts';
import { brokenPicture } from '../../src/media/refusals.ts';
import { createRefusedPictures, createStrikes } from '../../src/queue/strikes.ts';
import { SHAPE } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type LimitedBot, PLACE, startLimitedBot } from './limited-bot.ts';

const HOUR_MS = 3600 * 1000;
const WHOSE = { platform: 'fake', member: ADA };

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const normalise = async (bytes: Buffer) => {
  if (bytes.toString() === 'broken') throw brokenPicture('It is.');
  return { png: bytes, ...SHAPE };
};
const start = () => startLimitedBot(server, { normalise });

/** What the bot makes of it: a sentence, or nothing where it was taken. */
function send({ handlers }: LimitedBot, changes: Partial<Parameters<Handlers['animate']>[0]>): Promise<string> {
  const picture = { bytes: Buffer.from('a picture'), filename: 'a.png' };
  const open = async () => ({ platform: 'fake', channel: 'c', thread: 't', message: 'm' });
  const command = { eventId: 'e1', member: ADA, place: PLACE, text: 'she smiles', picture, open, ...changes };
  return handlers.animate(command).then(
    () => '',
    (error: Error) => error.message,
  );
}

const BROKEN = { picture: { bytes: Buffer.from('broken'), filename: 'a.png' } };
const FORBIDDEN = { text: 'a nude child' };
const refusedPictures = ({ redis, clock }: LimitedBot) => createRefusedPictures(redis, HOUR_MS, () => clock.now);
const strikes = ({ redis, clock }: LimitedBot) => createStrikes(redis, 7 * 24 * HOUR_MS, () => clock.now);

test('a picture that cannot be used counts once, though its event comes again and to two bots at once', async () => {
  await using bot = await start();
  await using other = await start();
  await Promise.all([send(bot, BROKEN), send(other, BROKEN)]);
  bot.clock.now += 60_000;
  await send(bot, BROKEN);
  expect(await refusedPictures(bot).list(WHOSE)).toHaveLength(1);
  await send(bot, { ...BROKEN, eventId: 'e2' });
  expect(await refusedPictures(bot).list(WHOSE)).toHaveLength(2);
});

test('a picture that cannot be fetched counts once for its event, too', async () => {
  await using bot = await start();
  const picture = async () => {
    throw brokenPicture('It is gone.');
  };
  for (let times = 0; times < 3; times += 1) await send(bot, { picture });
  expect(await refusedPictures(bot).list(WHOSE)).toHaveLength(1);
});

test('what differs under one event, as an edit does, counts each time', async () => {
  await using bot = await start();
  for (const attempt of ['1', '2', '2']) await send(bot, { ...BROKEN, attempt });
  for (const attempt of ['1', '2', '2']) await send(bot, { ...FORBIDDEN, attempt });
  expect(await refusedPictures(bot).list(WHOSE)).toHaveLength(2);
  expect(await strikes(bot).list(WHOSE)).toHaveLength(2);
});

test('the refusal that blocks a member is not the first of the next block for a bot that hears it late', async () => {
  await using bot = await start();
  for (const eventId of ['e1', 'e2', 'e3']) await send(bot, { ...FORBIDDEN, eventId });
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id })).toMatch(/^\*\*0 refused lately\*\*/);
  // Another bot asked whether the member is welcome before that, and only now comes to count.
  expect(await strikes(bot).add(WHOSE, 'fake-e3')).toBe(0);
  await bot.administer({ verb: 'unblock', subject: ADA.id });
  expect(await send(bot, { ...FORBIDDEN, eventId: 'e3' })).toBe("I can't animate that here.");
  expect(await send(bot, { ...FORBIDDEN, eventId: 'e4' })).toContain('Warning 1 of 3');
});

test('what an admin has cleared does not come back with its event', async () => {
  await using bot = await start();
  await send(bot, FORBIDDEN);
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id, isUndone: true })).toBe('Cleared.');
  await send(bot, FORBIDDEN);
  expect(await strikes(bot).list(WHOSE)).toEqual([]);
});

test('a render that is called off is given back once, though two bots do it and its command comes again', async () => {
  await using bot = await start();
  await using other = await start();
  expect(await send(bot, {})).toBe('');
  await Promise.all([bot, other].map(({ queue }) => queue.cancel('fake-e1')));
  await send(bot, {});
  await send(other, {});
  expect(await bot.redis.zcard('{animate}:refunds:fake:ada')).toBe(1);
});

test('nothing is kept of what is too old to count', async () => {
  await using bot = await start();
  await send(bot, { ...BROKEN, eventId: 'e1' });
  bot.clock.now += HOUR_MS;
  await send(bot, { ...BROKEN, eventId: 'e2' });
  expect(await bot.redis.zcard('{animate}:member:fake:ada:refused-pictures')).toBe(1);
});
