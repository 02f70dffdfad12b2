// The platforms that there are, each held to what every platform promises.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import type { Handlers } from '../../src/bots/platform.ts';
import { createFakePlatform, type FakeTold, type ShownMessage } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type TestedPlatform, type Told, testPlatform } from './platform-contract.ts';
import { startPage } from './web/fixtures.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

testPlatform('the chat page', async (handlers): Promise<TestedPlatform> => {
  const prefix = `test:${randomUUID()}:`;
  const open = async ({ animate, press }: Handlers) => {
    const page = await startPage(redis, { prefix });
    Object.assign(page.script, { onAnimate: animate, onPress: press });
    return page;
  };
  const read = async (response: Response): Promise<Told> => ((await response.json()) as { message?: string }).message;
  let page = await open(handlers);
  return {
    get platform() {
      return page.platform;
    },
    async restart(next) {
      await page[Symbol.asyncDispose]();
      page = await open(next);
    },
    animate: async (eventId) => read(await page.animate({ eventId })),
    press: async (renderId, action, eventId = randomUUID()) => read(await page.press(renderId, { action, eventId })),
    async shown() {
      const replies = (await page.messages()).flatMap((message) => message.replies);
      return replies.map(({ view: { renderId, headline }, clip }) => ({ renderId, headline, clip: clip?.filename }));
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  };
});

testPlatform('the chat service in memory', async (handlers): Promise<TestedPlatform> => {
  const channel = new Map<string, ShownMessage>();
  const open = async (given: Handlers) => {
    const platform = createFakePlatform({ channel });
    await platform.start(given);
    return platform;
  };
  const answerOf = (told: FakeTold): Told => {
    if ('broke' in told) return 'Something broke on our side.';
    return 'refused' in told ? told.refused : told.answered;
  };
  let platform = await open(handlers);
  return {
    get platform() {
      return platform;
    },
    async restart(next) {
      await platform.stop();
      platform = await open(next);
    },
    async animate(eventId) {
      const told = await platform.animate({ eventId });
      return 'answered' in told ? undefined : answerOf(told);
    },
    press: async (renderId, action, eventId) =>
      answerOf(await platform.press(action, renderId, eventId === undefined ? {} : { eventId })),
    shown: async () =>
      platform.messages().map(({ view: { renderId, headline }, clip }) => ({
        ...{ renderId, headline },
        clip: clip?.filename,
      })),
    [Symbol.asyncDispose]: () => platform.stop(),
  };
});
