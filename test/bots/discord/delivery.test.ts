// How a clip gets into a place that takes files up to a size: against the stand-in for Discord, without a bot process.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clip } from '../../../src/bots/platform.ts';
import { type Discord, type FakeMessage, startDiscord } from '../../fakes/discord/discord.ts';
import { createStatusOnDiscord } from './status.ts';

const MEBIBYTE = 2 ** 20;

let discord: Discord;
let shrunkTo: number[];

beforeEach(async () => {
  discord = await startDiscord();
  shrunkTo = [];
});
afterEach(() => discord.close());

/** Delivers a clip of so many bytes to a place of which Discord told this limit. */
async function deliver(bytes: number, sizeLimit: number, clip: Partial<Clip> = {}): Promise<FakeMessage | undefined> {
  const there = createStatusOnDiscord(discord);
  const ref = await there.placed(discord.garden, { sizeLimit: String(sizeLimit) });
  const shrink = async (most: number) => {
    shrunkTo.push(most);
    return Buffer.alloc(most);
  };
  await there.deliver(ref, bytes, { shrink, ...clip });
  expect(discord.faults).toEqual([]);
  return discord.world.messages.get(ref.message);
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

test('a limit that Discord told too high costs one try, and no clip', async () => {
  // A member's own allowance came with the command, and the server has less.
  discord.world.sizeLimit = 10 * MEBIBYTE;
  const message = await deliver(200 * MEBIBYTE, 500 * MEBIBYTE);
  expect(shrunkTo).toEqual([10 * MEBIBYTE - 64 * 1024]);
  expect(message?.files[0]?.bytes.length).toBe(shrunkTo[0]);
});

test('what cannot be made to fit is a link that says when it ends', async () => {
  const shrink = async () => undefined;
  const link = async () => ({ address: 'https://clips.example/1.mp4?signed', endsAt: 1_800_000_000_000 });
  const message = await deliver(20 * MEBIBYTE, 10 * MEBIBYTE, { shrink, link });
  expect(message?.files).toEqual([]);
  expect(message?.content).toMatch(
    /too large to upload here: \[watch it here\]\(https:\/\/clips\.example\/1\.mp4\?signed\)\nThe link expires <t:1800000000:R>\.$/,
  );
});
