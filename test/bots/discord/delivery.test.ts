// How a clip gets into a place that takes files up to a size: against the stand-in for Discord, without a bot process.
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDiscordRest } from '../../../src/bots/discord/client.ts';
import { createMessages } from '../../../src/bots/discord/messages.ts';
import { createStatusMessages } from '../../../src/bots/discord/status-messages.ts';
import type { Clip, MessageRef } from '../../../src/bots/platform.ts';
import { toOutcomeView } from '../../../src/bots/view.ts';
import type { Outcome } from '../../../src/queue/records.ts';
import { ADA, type Discord, type FakeMessage, startDiscord } from '../../fakes/discord/discord.ts';

const MEBIBYTE = 2 ** 20;
const request = {
  ...{ image: '', prompt: 'she smiles', negative: '', resolution: '480p' as const, quality: 'fast' as const },
  ...{ seconds: 1, seed: 1, width: 64, height: 64, frames: 25 },
};

let discord: Discord;
let shrunkTo: number[];

beforeEach(async () => {
  discord = await startDiscord();
  shrunkTo = [];
});
afterEach(() => discord.close());

/** Delivers a clip of so many bytes to a place of which Discord told this limit. */
async function deliver(bytes: number, sizeLimit: number, clip: Partial<Clip> = {}): Promise<FakeMessage | undefined> {
  const { token, url, garden, world } = discord;
  const messages = createMessages(createDiscordRest({ token, apiUrl: `${url}/api` }));
  const kept = new Map<string, string>();
  const status = createStatusMessages({
    messages,
    media: { read: async () => undefined },
    notes: {
      isHere: true,
      put: async (name, value) => void kept.set(name, value),
      keep: async (name, value) => void kept.set(name, value),
      get: async (name) => kept.get(name),
      claim: async () => true,
    },
    isSpoiler: false,
    log: pino({ level: 'silent' }),
  });
  const { id } = await messages.create(garden.id, 'discord-1', { content: 'working' });
  const ref: MessageRef = {
    ...{ platform: 'discord', channel: garden.id, message: id, thread: garden.id },
    details: {
      ...{ home: 'thread', member: ADA.id, application: '1', interaction: '2' },
      ...{ sizeLimit: String(sizeLimit), isAnswer: 'no' },
    },
  };
  const result = { bytes, width: 64, height: 64, frames: 25, fps: 24, seed: 1, engine: 'x', model: 'x' };
  const outcome = { kind: 'done', clip: 'clips/discord-1.mp4', result, seconds: 1, engineSeconds: 1 } as Outcome;
  await status.deliver(ref, toOutcomeView({ id: 'discord-1', request, language: undefined }, outcome), {
    ...{ key: 'clips/discord-1.mp4', filename: 'discord-1.mp4' },
    result: result as Clip['result'],
    read: async () => Readable.from([Buffer.alloc(bytes)]),
    shrink: async (most) => {
      shrunkTo.push(most);
      return Buffer.alloc(most);
    },
    link: async () => undefined,
    ...clip,
  });
  expect(discord.faults).toEqual([]);
  return world.messages.get(id);
}

test.each([10, 20, 50])('a place that takes %i MiB gets a clip of nearly so much as it is', async (mebibytes) => {
  discord.world.sizeLimit = mebibytes * MEBIBYTE;
  const bytes = (mebibytes - 1) * MEBIBYTE;
  const message = await deliver(bytes, discord.world.sizeLimit);
  expect(message?.files).toMatchObject([{ name: 'discord-1.mp4', description: 'she smiles' }]);
  expect(message?.files[0]?.bytes.length).toBe(bytes);
  expect(shrunkTo).toEqual([]);
});

test('a larger clip is made to fit what Discord told', async () => {
  discord.world.sizeLimit = 10 * MEBIBYTE;
  const message = await deliver(12 * MEBIBYTE, 10 * MEBIBYTE);
  expect(message?.files).toHaveLength(1);
  expect(shrunkTo).toHaveLength(1);
});

test('a limit that Discord told too high costs tries, and no clip', async () => {
  // A member's own allowance came with the command, and the server has less.
  discord.world.sizeLimit = 3 * MEBIBYTE;
  const message = await deliver(20 * MEBIBYTE, 500 * MEBIBYTE);
  expect(shrunkTo).toEqual([10, 5, 2.5].map((mebibytes) => mebibytes * MEBIBYTE));
  expect(message?.files[0]?.bytes.length).toBe(2.5 * MEBIBYTE);
});

test('what cannot be made to fit is a link that says when it ends', async () => {
  const shrink = async () => undefined;
  const link = async () => ({ address: 'https://clips.example/1.mp4?signed', endsAt: 1_800_000_000_000 });
  const message = await deliver(20 * MEBIBYTE, 10 * MEBIBYTE, { shrink, link });
  expect(message?.files).toEqual([]);
  expect(message?.content).toMatch(
    /larger than this place takes: \[watch it here\]\(https:\/\/clips\.example\/1\.mp4\?signed\)\nThe link ends <t:1800000000:R>\.$/,
  );
});
