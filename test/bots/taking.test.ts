// How a command becomes a render: what is counted and kept of it, wherever its way breaks off.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MessageRef } from '../../src/bots/platform.ts';
import { UserError } from '../../src/errors.ts';
import { createRecords } from '../../src/queue/records.ts';
import { begin } from '../fakes/beginnings.ts';
import { PICTURE } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type LimitedBot, left, limitsOf, PLACE, REQUEST, startLimitedBot, waiting } from './limited-bot.ts';

const AT = { platform: 'fake', channel: 'animate', thread: 't' };

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const take = (
  bot: LimitedBot,
  eventId: string,
  open = async (): Promise<MessageRef> => ({ ...AT, message: eventId }),
) => bot.handlers.animate({ eventId, member: ADA, place: PLACE, text: 'she smiles', picture: PICTURE, open });

const keptFiles = async ({ store }: LimitedBot) => {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys;
};

const away = async (): Promise<MessageRef> => {
  throw new Error('The service cannot be reached');
};
const notInvited = async (): Promise<MessageRef> => {
  throw new UserError('not_allowed', 'Invite me first.');
};

test('a render is counted while it is under way, and one too many is told and leaves nothing', async () => {
  await using bot = await startLimitedBot(server);
  await take(bot, 'e1');
  expect(await left(bot)).toBe(0);
  await expect(take(bot, 'e2')).rejects.toMatchObject({ code: 'limit_reached' });
  expect(await bot.queue.find('fake-e2')).toBeUndefined();
  expect(await keptFiles(bot)).toEqual(['pictures/fake-e1.png']);
});

test('a render whose message could not be posted stays kept and counted, and is begun by the same event coming again', async () => {
  await using bot = await startLimitedBot(server);
  expect(await bot.handlers.isTaken('e1')).toBe(false);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  expect(await bot.handlers.isTaken('e1')).toBe(true);
  expect(await left(bot)).toBe(0);
  const kept = await bot.queue.find('fake-e1');
  expect(kept).toMatchObject({ ref: undefined, record: { weight: 1 } });
  await take(bot, 'e1');
  expect(await left(bot)).toBe(0);
  expect(await bot.queue.find('fake-e1')).toMatchObject({ ref: { message: 'e1' }, record: kept?.record });
});

test('the picture of a render that is kept is not fetched again: it may be gone by then', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  const { animate } = bot.handlers;
  const picture = () => expect.fail('It is kept');
  const open = async (): Promise<MessageRef> => ({ ...AT, message: 'e1' });
  await animate({ eventId: 'e1', member: ADA, place: PLACE, text: 'she smiles', picture, open });
  expect(await waiting(bot)).toBe(1);
});

test('a render whose message is there and which lost its way into line is put there by the same event', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  await createRecords(bot.redis).open('fake-e1', { ...AT, message: 'e1' });
  await take(bot, 'e1', () => expect.fail('It has a message'));
  expect(await waiting(bot)).toBe(1);
});

test('a render that its member has to make possible first leaves nothing', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', notInvited)).rejects.toThrow('Invite me first.');
  expect(await left(bot)).toBe(1);
  expect(await bot.queue.find('fake-e1')).toBeUndefined();
  expect(await keptFiles(bot)).toEqual([]);
});

test('nobody takes the room of a render that is still to be begun', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  await expect(take(bot, 'e2')).rejects.toMatchObject({ code: 'limit_reached' });
  await take(bot, 'e1');
  expect(await keptFiles(bot)).toEqual(['pictures/fake-e1.png']);
});

test('a render that its member deletes before its message is there gets none', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  expect(await bot.handlers.forget({ member: ADA, language: undefined })).toBe('Deleted 1 clip.');
  await take(bot, 'e1', () => expect.fail('It is deleted'));
  expect(await waiting(bot)).toBe(0);
});

test('a command that is put in line a second time after its end stays at its end', async () => {
  await using bot = await startLimitedBot(server);
  await take(bot, 'e1');
  await bot.finish('fake-e1');
  await expect.poll(async () => (await bot.queue.find('fake-e1'))?.isDelivered).toBe(true);
  const record = (await bot.queue.find('fake-e1'))?.record;
  if (record) await bot.queue.enqueue(record, { ...AT, message: 'e1' });
  expect(await waiting(bot)).toBe(0);
  expect(await bot.records.listOpen('fake')).toEqual([]);
});

test('a press that was taken is gone on with, though its member was blocked since', async () => {
  await using bot = await startLimitedBot(server);
  await take(bot, 'e1');
  await bot.finish('fake-e1');
  const press = (open: () => Promise<MessageRef>) =>
    bot.handlers.press({
      ...{ eventId: 'p1', action: 'again', renderId: 'fake-e1', member: ADA, place: PLACE, mayManage: false, open },
    });
  await expect(press(away)).rejects.toThrow('cannot be reached');
  await bot.administer({ verb: 'block', subject: ADA.id });
  expect(await press(async () => ({ ...AT, message: 'p1' }))).toBe('On it: same words, new seed.');
  expect(await bot.queue.find('fake-p1')).toMatchObject({ ref: { message: 'p1' } });
});

test('a render that can be begun no more is not counted', async () => {
  await using bot = await startLimitedBot(server);
  await expect(take(bot, 'e1', away)).rejects.toThrow('cannot be reached');
  await expect(take(bot, 'e1', notInvited)).rejects.toThrow('Invite me first.');
  expect(await left(bot)).toBe(1);
  expect(await keptFiles(bot)).toEqual([]);
});

test('a command that comes again once its render has ended is not counted anew', async () => {
  await using bot = await startLimitedBot(server);
  // It came twice: the first try was slow, and its member did not wait for the second one.
  await take(bot, 'e1', async () => {
    await take(bot, 'e1');
    expect(await bot.queue.cancel('fake-e1')).toBe('removed');
    await expect.poll(() => left(bot)).toBe(1);
    await limitsOf(bot).take({ id: 'fake-e1', platform: 'fake', member: ADA, place: PLACE, request: REQUEST });
    return { ...AT, message: 'e1' };
  });
  expect(await left(bot)).toBe(1);
});

test('what a bot that died had counted already is counted once when the event comes again', async () => {
  await using bot = await startLimitedBot(server);
  await limitsOf(bot).take({ id: 'fake-e1', platform: 'fake', member: ADA, place: PLACE, request: REQUEST });
  await take(bot, 'e1');
  expect(await left(bot)).toBe(0);
  await bot.finish('fake-e1');
  expect(await left(bot)).toBe(1);
});

test('what a bot that died had counted and kept already is gone on with, as it was kept', async () => {
  await using bot = await startLimitedBot(server);
  const record = { id: 'fake-e1', platform: 'fake', member: ADA, place: PLACE, request: REQUEST, createdAt: 1 };
  await limitsOf(bot).take(record);
  await bot.store.write(REQUEST.image, PICTURE.bytes);
  await begin(bot.redis, record);
  await bot.queue.admit({ ...record, weight: 3 });
  await take(bot, 'e1');
  expect(await bot.queue.find('fake-e1')).toMatchObject({
    ref: { message: 'e1' },
    record: { weight: 3, createdAt: 1 },
  });
  expect(await left(bot)).toBe(0);
});

test('an event that comes twice at one moment is one render, counted once', async () => {
  await using bot = await startLimitedBot(server);
  const taken = await Promise.all([take(bot, 'e1'), take(bot, 'e1')]);
  expect(taken).toEqual([{ renderId: 'fake-e1' }, { renderId: 'fake-e1' }]);
  expect(await waiting(bot)).toBe(1);
  expect(await left(bot)).toBe(0);
});
