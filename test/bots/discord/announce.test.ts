// What admins of a server on Discord are told without asking, and how the connection is.
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDiscordPlatform } from '../../../src/bots/discord/discord-platform.ts';
import type { Platform } from '../../../src/bots/platform.ts';
import { createInbox } from '../../../src/queue/inbox.ts';
import { createNotes } from '../../../src/queue/notes.ts';
import { connectRedis, type Redis } from '../../../src/queue/redis.ts';
import { type Discord, startDiscord } from '../../fakes/discord/discord.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { KEEP_MS } from '../../fakes/retention.ts';
import { scriptedHandlers } from '../web/fixtures.ts';

let server: TestRedis;
let redis: Redis;
let discord: Discord;
const platforms: Platform[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
  discord = await startDiscord();
});

afterEach(async () => {
  for (const platform of platforms.splice(0)) await platform.stop();
  await discord.close();
  redis.disconnect();
  await server.stop();
});

function createPlatform(alertChannel: string | undefined): Platform {
  const owner = randomUUID();
  const platform = createDiscordPlatform({
    ...{ token: discord.token, guild: undefined, admins: [], shards: 'auto', isSpoiler: false, alertChannel },
    ...{ apiUrl: `${discord.url}/api`, cdnUrl: discord.url, ageRestrictedOnly: false, samePressMs: 0 },
    media: { read: async () => undefined },
    inbox: createInbox(redis, owner),
    notes: createNotes(redis, owner, KEEP_MS),
    maxPictureBytes: 1_000_000,
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
  platforms.push(platform);
  return platform;
}

test('a sentence for admins is one message in their channel, pings nobody, and is not said twice by two bots', async () => {
  for (const platform of [createPlatform(discord.garden.id), createPlatform(discord.garden.id)]) {
    await platform.start(scriptedHandlers().handlers);
    await platform.announce?.('🔴 no worker is online, @everyone.');
  }
  const messages = discord.world.messagesIn(discord.garden.id);
  expect(messages).toMatchObject([{ content: '🔴 no worker is online, @everyone.', pinged: [] }]);
  expect(discord.faults).toEqual([]);
});

test('without a channel for it, nothing is announced', () => {
  expect(createPlatform(undefined).announce).toBeUndefined();
});

test('the connection is told as it is: before, while and after Discord is there', async () => {
  const platform = createPlatform(undefined);
  expect(platform.connection?.()).toEqual({ isConnected: false, pingMs: undefined });
  await platform.start(scriptedHandlers().handlers);
  expect(platform.connection?.()).toMatchObject({ isConnected: true });
  await platform.stop();
  expect(platform.connection?.()).toMatchObject({ isConnected: false });
  platforms.splice(0);
});
