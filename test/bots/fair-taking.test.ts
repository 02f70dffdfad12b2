// What looking at pictures costs everybody: nothing for members who may have no more, and each member waits for themselves alone.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MAX_REFUSED_PICTURES_PER_HOUR } from '../../src/bots/admission.ts';
import type { Member } from '../../src/bots/platform.ts';
import { brokenPicture } from '../../src/media/refusals.ts';
import { GRACE, PICTURE, SHAPE } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type LimitedBot, PLACE, startLimitedBot } from './limited-bot.ts';

const BROKEN = Buffer.from('broken');
const MINUTE_MS = 60_000;

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

/** An intake that says what it looks at, and whose pictures take as long as they are held. */
function createObservedIntake() {
  const looked: string[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    looked,
    release,
    mostAtOnce: () => mostAtOnce,
    async normalise(bytes: Buffer) {
      looked.push(bytes.toString());
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      if (bytes.toString() === 'slow') await released;
      atOnce -= 1;
      if (bytes.equals(BROKEN)) throw brokenPicture('It is.');
      return { png: bytes, ...SHAPE };
    },
  };
}

const open = (eventId: string) => async () => ({
  ...{ platform: 'fake', channel: 'animate', thread: 't', message: eventId },
});

function send(bot: LimitedBot, eventId: string, bytes: string | Buffer, member: Member = ADA) {
  const fetched = { bytes: Buffer.from(bytes), filename: 'a.png' };
  const picture = async () => fetched;
  return bot.handlers.animate({ eventId, member, place: PLACE, text: 'she smiles', picture, open: open(eventId) });
}

test('for a member who may have no more, no picture is fetched or decoded, by a command or a button', async () => {
  const intake = createObservedIntake();
  await using bot = await startLimitedBot(server, intake);
  await send(bot, 'e1', 'first');
  const picture = () => expect.fail('They may have no more');
  const second = { eventId: 'e2', member: ADA, place: PLACE, text: 'she smiles', picture, open: open('e2') };
  await expect(bot.handlers.animate(second)).rejects.toMatchObject({ code: 'limit_reached' });
  const press = { eventId: 'p1', action: 'again', renderId: 'fake-e1', member: ADA, place: PLACE } as const;
  const pressed = bot.handlers.press({ ...press, mayManage: false, open: open('p1') });
  await expect(pressed).rejects.toMatchObject({ code: 'limit_reached' });
  expect(intake.looked).toEqual(['first']);
});

test('of many commands that a member sends at one moment, no more are decoded than they may have', async () => {
  const intake = createObservedIntake();
  await using bot = await startLimitedBot(server, intake);
  const answers = await Promise.allSettled(
    Array.from({ length: 24 }, (_, number) => send(bot, `e${number}`, PICTURE.bytes)),
  );
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(intake.looked).toHaveLength(1);
});

test('a member whose pictures take long holds up themselves alone', async () => {
  const intake = createObservedIntake();
  await using bot = await startLimitedBot(server, intake);
  const slow = Array.from({ length: 5 }, (_, number) => send(bot, `e${number}`, number === 0 ? 'slow' : BROKEN));
  await expect.poll(() => intake.looked).toEqual(['slow']);
  await send(bot, 'g1', 'of Grace', GRACE);
  expect(intake.looked).toEqual(['slow', 'of Grace']);
  intake.release();
  await Promise.allSettled(slow);
  expect(intake.mostAtOnce()).toBe(2);
});

test('pictures that cannot be used have a budget of their own, from which on none is fetched for an hour', async () => {
  const intake = createObservedIntake();
  await using bot = await startLimitedBot(server, intake);
  for (let number = 0; number < MAX_REFUSED_PICTURES_PER_HOUR; number += 1) {
    await expect(send(bot, `e${number}`, BROKEN)).rejects.toMatchObject({ code: 'picture_broken' });
    bot.clock.now += MINUTE_MS;
  }
  const looked = intake.looked.length;
  await expect(send(bot, 'x', 'whole')).rejects.toMatchObject({
    code: 'limit_reached',
    message:
      "I couldn't use 10 of your pictures within an hour, which is the limit. Please try again in about 50 minutes.",
  });
  expect(intake.looked).toHaveLength(looked);
  await send(bot, 'g1', 'of Grace', GRACE);
  bot.clock.now += 51 * MINUTE_MS;
  await send(bot, 'x', 'whole');
});
