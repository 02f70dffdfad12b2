// The platforms that there are, each held to what every platform promises.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { createDiscordPlatform } from '../../src/bots/discord/discord-platform.ts';
import type { Handlers } from '../../src/bots/platform.ts';
import { createInbox } from '../../src/queue/inbox.ts';
import { createNotes } from '../../src/queue/notes.ts';
import { connectRedis } from '../../src/queue/redis.ts';
import { type FakeMessage, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { createFakePlatform, type FakeTold, type ShownMessage } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type TestedPlatform, type Told, testPlatform } from './platform-contract.ts';
import { MAX_PICTURE_BYTES, startPage } from './web/fixtures.ts';

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

testPlatform('Discord', async (handlers): Promise<TestedPlatform> => {
  const discord = await startDiscord();
  const picture = await drawPicture();
  const connection = connectRedis(redis.url, () => undefined);
  const owner = randomUUID();
  const ids = new Map<string, string>();
  const idOf = (eventId: string): string => {
    const id = ids.get(eventId) ?? discord.world.newId();
    ids.set(eventId, id);
    return id;
  };
  // Discord does not say when a bot has finished with a command.
  const handled = new EventEmitter();
  const nextHandled = async (): Promise<'done' | 'refused'> => (await once(handled, 'handled'))[0];
  const watched =
    <Asked, Answer>(handle: (asked: Asked) => Promise<Answer>) =>
    async (asked: Asked): Promise<Answer> => {
      let how = 'refused';
      try {
        const answer = await handle(asked);
        how = 'done';
        return answer;
      } finally {
        handled.emit('handled', how);
      }
    };
  const open = async ({ animate, press, ...others }: Handlers) => {
    const given = { ...others, animate: watched(animate), press: watched(press) };
    const platform = createDiscordPlatform({
      ...{
        token: discord.token,
        guild: undefined,
        admins: [],
        shards: 'auto',
        isSpoiler: false,
        alertChannel: undefined,
      },
      ...{ apiUrl: `${discord.url}/api`, cdnUrl: discord.url, ageRestrictedOnly: false, samePressMs: 0 },
      media: { read: async () => undefined },
      inbox: createInbox(connection, owner),
      notes: createNotes(connection, owner),
      maxPictureBytes: MAX_PICTURE_BYTES,
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
    });
    await platform.start(given);
    return platform;
  };
  const statusMessages = () => [...discord.world.messages.values()].filter(({ components }) => components.length > 0);
  const renderOf = ({ components }: FakeMessage): string =>
    components[0]?.components[0]?.custom_id?.split(':')[1] ?? '';
  let platform = await open(handlers);
  let isStopped = false;
  return {
    get platform() {
      const stop = async (): Promise<void> => {
        isStopped = true;
        await platform.stop();
      };
      return { ...platform, stop };
    },
    async restart(next) {
      await platform.stop();
      platform = await open(next);
    },
    async animate(eventId) {
      if (isStopped) throw new Error('Nobody hears it');
      const handled = nextHandled();
      const command = discord.animate(picture, {}, { id: idOf(eventId) });
      return (await handled) === 'done' ? undefined : discord.told(command);
    },
    async press(renderId, action, eventId = randomUUID()) {
      const message = statusMessages().find((each) => renderOf(each) === renderId);
      if (!message) throw new Error(`There is no message of ${renderId}`);
      const handled = nextHandled();
      const press = discord.pressById(message, `${action}:${renderId}`, { id: idOf(eventId) });
      await handled;
      return discord.told(press);
    },
    async shown() {
      return statusMessages().map((message) => ({
        renderId: renderOf(message),
        headline: /\*\*(.*?)\*\*/.exec(message.content)?.[1] ?? '',
        clip: message.files.find(({ name }) => name.endsWith('.mp4'))?.name,
      }));
    },
    async [Symbol.asyncDispose]() {
      if (!isStopped) await platform.stop();
      connection.disconnect();
      await discord.close();
    },
  };
});
