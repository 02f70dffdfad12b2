// Discord as a started platform: the real discord.js and the stand-in in this process, with handlers that a test tells what to do.
import { randomUUID } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pino } from 'pino';
import { createDiscordPlatform, type DiscordPlatformOptions } from '../../../src/bots/discord/discord-platform.ts';
import type { Clip, MessageRef, Platform } from '../../../src/bots/platform.ts';
import { toOutcomeView, type View } from '../../../src/bots/view.ts';
import { createInbox } from '../../../src/queue/inbox.ts';
import { createNotes } from '../../../src/queue/notes.ts';
import type { Outcome } from '../../../src/queue/records.ts';
import { connectRedis } from '../../../src/queue/redis.ts';
import { type Discord, type FakeMessage, startDiscord } from '../../fakes/discord/discord.ts';
import type { Allowance } from '../../fakes/discord/limits.ts';
import { startRedis } from '../../fakes/redis.ts';
import { KEEP_MS } from '../../fakes/retention.ts';
import { scriptedHandlers } from '../web/fixtures.ts';

interface Line {
  level: number;
  msg: string;
  [name: string]: unknown;
}

const request = {
  ...{ image: '', prompt: 'she smiles', negative: '', resolution: '480p' as const, quality: 'fast' as const },
  ...{ seconds: 1, seed: 1, width: 64, height: 64, frames: 25 },
};
const RESULT = { bytes: 1000, width: 64, height: 64, frames: 25, fps: 24, seed: 1, engine: 'x', model: 'x' };

export function doneView(renderId: string): View {
  const outcome = { kind: 'done', clip: `clips/${renderId}.mp4`, result: RESULT, seconds: 1, engineSeconds: 1 };
  return toOutcomeView({ id: renderId, request, language: undefined }, outcome as Outcome);
}

export function removedView(renderId: string): View {
  return toOutcomeView({ id: renderId, request, language: undefined }, { kind: 'deleted' });
}

export function clipOf(renderId: string): Clip {
  return {
    ...{ key: `clips/${renderId}.mp4`, filename: `${renderId}.mp4`, result: RESULT as Clip['result'] },
    read: async () => Readable.from([Buffer.alloc(RESULT.bytes)]),
    shrink: async (most) => Buffer.alloc(most),
    link: async () => undefined,
  };
}

export type Started = Awaited<ReturnType<typeof createStarted>>;

/** Everything that a platform needs; `start` starts it, as often as a test wants. */
export async function createStarted(options: { allowance?: Allowance } = {}) {
  const server = await startRedis();
  const redis = connectRedis(server.url, () => undefined);
  const discord: Discord = await startDiscord(options);
  const logged: Line[] = [];
  let platform: Platform | undefined;
  let script = scriptedHandlers();

  const lines = new Writable({
    write(line, _encoding, done) {
      logged.push(JSON.parse(String(line)));
      discord.world.tell();
      done();
    },
  });

  return {
    discord,
    logged,
    get platform(): Platform {
      if (!platform) throw new Error('The platform is not started');
      return platform;
    },
    get script() {
      return script;
    },

    async start(given: Partial<DiscordPlatformOptions> = {}): Promise<void> {
      const owner = randomUUID();
      platform = createDiscordPlatform({
        ...{ token: discord.token, guild: undefined, admins: [], shards: 'auto', isSpoiler: false },
        ...{ apiUrl: `${discord.url}/api`, cdnUrl: discord.url, ageRestrictedOnly: false, samePressMs: 0 },
        alertChannel: undefined,
        media: { read: async () => undefined },
        inbox: createInbox(redis, owner),
        notes: createNotes(redis, owner, KEEP_MS),
        maxPictureBytes: 1_000_000,
        log: pino(lines),
        signal: new AbortController().signal,
        ...given,
      });
      script = scriptedHandlers();
      const { handlers } = script;
      await platform.start({
        ...handlers,
        animate: (command) => handlers.animate(command).finally(() => discord.world.tell()),
        press: (press) => handlers.press(press).finally(() => discord.world.tell()),
      });
    },

    /** Log lines for an operator's eyes. */
    errors: () => logged.filter(({ level }) => level >= 50).map(({ msg }) => msg),
    said: (msg: string) => discord.until(() => logged.find((line) => line.msg.includes(msg))),
    uploads: () => discord.requests.filter(({ isUpload }) => isUpload),

    /** Where a command's or a press's message is. */
    async refOf(count = 1): Promise<MessageRef> {
      return discord.until(() => script.refs[count - 1]);
    },

    /** The status message of a command, wherever it is. */
    async opened(count = 1): Promise<FakeMessage | undefined> {
      await discord.until(() => script.refs.length >= count || undefined);
      return discord.world.messages.get(script.refs[count - 1]?.message ?? '');
    },

    async stop(): Promise<void> {
      await platform?.stop();
      await discord.close();
      redis.disconnect();
      await server.stop();
    },
  };
}
