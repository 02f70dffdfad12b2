// The platforms that there are, each held to what every platform promises.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { pino } from 'pino';
import { afterAll, beforeAll, expect } from 'vitest';
import { createDiscordPlatform } from '../../src/bots/discord/discord-platform.ts';
import type { Handlers } from '../../src/bots/platform.ts';
import { createSlackPlatform } from '../../src/bots/slack/slack-platform.ts';
import { createInbox } from '../../src/queue/inbox.ts';
import { createNotes } from '../../src/queue/notes.ts';
import { connectRedis } from '../../src/queue/redis.ts';
import { createVault } from '../../src/queue/vault.ts';
import { type FakeMessage, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { createFakePlatform, type FakeTold, type ShownMessage } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { KEEP_MS } from '../fakes/retention.ts';
import { ADA, type FakeEvent, startSlack } from '../fakes/slack/slack.ts';
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
  const { watch, nextHandled } = watchHandlers();
  const open = async (given: Handlers) => {
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
      notes: createNotes(connection, owner, KEEP_MS),
      maxPictureBytes: MAX_PICTURE_BYTES,
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
    });
    await platform.start(watch(given));
    return platform;
  };
  /** Told again after Discord's three seconds, when no bot counts on another one to answer. */
  const tellAgain = async (eventId: string): Promise<string> => {
    const id = idOf(eventId);
    await connection.del(`{animate}:notes:${owner}:answering:${id}`);
    return id;
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
      const id = await tellAgain(eventId);
      const handled = nextHandled();
      const command = discord.animate(picture, {}, { id });
      return (await handled) === 'done' ? undefined : discord.told(command);
    },
    async press(renderId, action, eventId = randomUUID()) {
      const message = statusMessages().find((each) => renderOf(each) === renderId);
      if (!message) throw new Error(`There is no message of ${renderId}`);
      const id = await tellAgain(eventId);
      const handled = nextHandled();
      const press = discord.pressById(message, `${action}:${renderId}`, { id });
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

testPlatform('Slack', async (handlers): Promise<TestedPlatform> => {
  const slack = await startSlack();
  const picture = slack.upload(await drawPicture());
  const connection = connectRedis(redis.url, () => undefined);
  const owner = randomUUID();
  const sent = new Map<string, FakeEvent>();
  const { watch, nextHandled } = watchHandlers();
  const open = async (given: Handlers) => {
    const platform = createSlackPlatform({
      ...{ botToken: slack.botToken, appToken: slack.appToken, signingSecret: undefined, oauth: undefined },
      ...{
        secret: undefined,
        host: '127.0.0.1',
        port: 0,
        admins: [],
        isShared: false,
        samePressMs: 0,
        pongSeconds: 15,
      },
      ...{ alertChannel: undefined },
      ...{ apiUrl: `${slack.url}/api/`, filesUrl: slack.url },
      media: { read: async () => undefined },
      inbox: createInbox(connection, owner),
      notes: createNotes(connection, owner, KEEP_MS),
      vault: createVault(connection, owner),
      maxPictureBytes: MAX_PICTURE_BYTES,
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
    });
    await platform.start(watch(given));
    return platform;
  };
  const statusMessages = () =>
    [...slack.world.messages.values()].filter(({ blocks }) => renderIn(blocks) !== undefined);
  /** The same event is one that Slack tells again. */
  const send = (eventId: string, make: () => FakeEvent): FakeEvent => {
    const known = sent.get(eventId);
    const event = known ? slack.redeliver(known) : make();
    sent.set(eventId, event);
    return event;
  };
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
      send(eventId, () => slack.mention('she smiles', { files: [picture] }));
      return (await handled) === 'done' ? undefined : slack.told(ADA);
    },
    async press(renderId, action, eventId = randomUUID()) {
      const message = statusMessages().find(({ blocks }) => renderIn(blocks) === renderId);
      if (!message) throw new Error(`There is no message of ${renderId}`);
      const handled = nextHandled();
      send(eventId, () => slack.pressById(message, `render_${action}`, renderId));
      await handled;
      return slack.told(ADA);
    },
    async shown() {
      return statusMessages().map(({ blocks, text, channel, thread }) => ({
        renderId: renderIn(blocks) ?? '',
        headline: text,
        clip: slack
          .messagesIn(channel, thread)
          .flatMap(({ files }) => files)
          .find(({ name }) => name.endsWith('.mp4'))?.name,
      }));
    },
    async [Symbol.asyncDispose]() {
      if (!isStopped) await platform.stop();
      connection.disconnect();
      await slack.close();
      expect(slack.faults).toEqual([]);
    },
  };
});

/** The render whose buttons are under a message. */
function renderIn(blocks: unknown[]): string | undefined {
  return /"action_id":"render_\w+"[^}]*}?,"value":"([\w-]+)"/.exec(JSON.stringify(blocks))?.[1];
}

/** A chat service does not say when a bot has finished with a command. */
function watchHandlers() {
  const handled = new EventEmitter();
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
  return {
    watch: ({ animate, press, ...others }: Handlers): Handlers => ({
      ...others,
      animate: watched(animate),
      press: watched(press),
    }),
    nextHandled: async (): Promise<'done' | 'refused'> => (await once(handled, 'handled'))[0],
  };
}
