// A status message on the stand-in for Discord, and how its outcome is brought there, without a bot process.
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { createDiscordRest } from '../../../src/bots/discord/client.ts';
import { createMessages } from '../../../src/bots/discord/messages.ts';
import type { Origin } from '../../../src/bots/discord/origin.ts';
import { createStatusMessages } from '../../../src/bots/discord/status-messages.ts';
import type { Clip, MessageRef } from '../../../src/bots/platform.ts';
import { firstView, toOutcomeView } from '../../../src/bots/view.ts';
import type { Notes } from '../../../src/queue/notes.ts';
import type { Outcome } from '../../../src/queue/records.ts';
import { APPLICATION_ID, type Discord, type FakeChannel, type FakeInteraction } from '../../fakes/discord/discord.ts';

const request = {
  ...{ image: '', prompt: 'she smiles', negative: '', resolution: '480p' as const, quality: 'fast' as const },
  ...{ seconds: 1, seed: 1, width: 64, height: 64, frames: 25 },
};
const asked = { id: 'discord-1', request, language: undefined };

export const FIRST_VIEW = firstView(asked);
export const REMOVED_VIEW = toOutcomeView(asked, { kind: 'deleted' });

export function createKept(): Notes & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    isHere: true,
    put: async (name, value) => void kept.set(name, value),
    keep: async (name, value) => void kept.set(name, value),
    get: async (name) => kept.get(name),
    release: async (name) => void kept.delete(name),
    async claim(name) {
      if (kept.has(name)) return false;
      kept.set(name, '1');
      return true;
    },
  };
}

/** Of a command that was answered on the stand-in, as the bot keeps it. */
export function toOrigin(discord: Discord, command: FakeInteraction, given: Partial<Origin> = {}): Origin {
  return {
    ...{ interaction: command.id, application: APPLICATION_ID, channel: command.channel, language: 'en-US' },
    member: { id: command.member.id, name: command.member.name },
    place: { channel: command.channel, server: undefined, roles: [] },
    ...{ home: 'thread', isForeign: false, isPrivate: false, sizeLimit: discord.world.sizeLimit, lacksForThread: [] },
    ...{ message: undefined, isSpoiler: false, isAgeRestricted: false },
    ...given,
  };
}

export type StatusOnDiscord = ReturnType<typeof createStatusOnDiscord>;

export function createStatusOnDiscord(
  { token, url, rest: standIn, world, garden }: Discord,
  log = pino({ level: 'silent' }),
) {
  const rest = createDiscordRest({ token, apiUrl: `${url}/api` });
  const messages = createMessages(rest);
  const notes = createKept();
  const media = { read: async () => undefined };
  const status = createStatusMessages({ messages, media, notes, isSpoiler: false, log });

  return {
    messages,
    notes,
    status,

    /** A command, answered as the bot answers it. */
    async answered(command: FakeInteraction, { isDeferred = false } = {}): Promise<FakeInteraction> {
      standIn.acknowledge(command, isDeferred ? 5 : 4, { content: 'On its way', flags: isDeferred ? 64 : 0 }, []);
      await notes.put(`token:${command.id}`, command.token, 60);
      return command;
    },

    /** A message of the bot's own, as the place of a status message. */
    async placed(channel: FakeChannel = garden, details: Record<string, string> = {}): Promise<MessageRef> {
      const { id } = await messages.create(channel.id, 'discord-1', { content: 'working' });
      return {
        ...{ platform: 'discord', channel: channel.id, message: id, thread: channel.id },
        details: {
          ...{ home: 'thread', member: '300000000000000001', application: APPLICATION_ID, interaction: '2' },
          ...{ sizeLimit: String(world.sizeLimit), isAnswer: 'no' },
          ...details,
        },
      };
    },

    async deliver(ref: MessageRef, bytes = 1000, clip: Partial<Clip> = {}, renderId = 'discord-1'): Promise<void> {
      const result = { bytes, width: 64, height: 64, frames: 25, fps: 24, seed: 1, engine: 'x', model: 'x' };
      const outcome = { kind: 'done', clip: `clips/${renderId}.mp4`, result, seconds: 1, engineSeconds: 1 } as Outcome;
      await status.deliver(ref, toOutcomeView({ ...asked, id: renderId }, outcome), {
        ...{ key: `clips/${renderId}.mp4`, filename: `${renderId}.mp4` },
        result: result as Clip['result'],
        read: async () => Readable.from([Buffer.alloc(bytes)]),
        shrink: async (most) => Buffer.alloc(most),
        link: async () => undefined,
        ...clip,
      });
    },
  };
}
