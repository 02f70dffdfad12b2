// What a campaign is about: two bots on both stand-ins and two workers, each with its own way to one Redis, and a disk.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { sweepSocketFolders } from '../../src/socket-folder.ts';
import { type Discord, startDiscord } from '../fakes/discord/discord.ts';
import { containersOf, docker, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { type LogLine, leftAfter, linkOf, type Role, startRole } from '../fakes/roles.ts';
import { type Slack, startSlack } from '../fakes/slack/slack.ts';
import { startProxy, type Way } from './proxy.ts';

/** Of the disk of pictures and clips. */
const DISK_MEBIBYTES = 512;
const ENDED_WITHIN_MS = 15_000;
/** Discord's real allowances would spread a few hundred commands of two members over an hour. */
const ALLOWANCE = { requests: 100, perMs: 1000 };
/** The worker whose engines are in containers, where Docker is. */
const IN_CONTAINERS = 'two';

/** A process that is started again whenever it ends, until the campaign ends. */
export interface Kept {
  kind: 'bot' | 'worker';
  name: string;
  proxy: Way;
  role: Role;
  /** All that its lives have said. */
  lines: LogLine[];
  /** Where its page is, while it has one. */
  address: string | undefined;
  starts: number;
}

export interface World {
  folder: string;
  media: string;
  /** Why the disk cannot be filled here. */
  diskIsFixed: string | undefined;
  hasContainers: boolean;
  discord: Discord;
  slack: Slack;
  redis: Awaited<ReturnType<typeof startDurableRedis>>;
  kept: Kept[];
  /** What lets browsers in, on either bot. */
  pageLink: string;
  /** A connection of the campaign's own, past all proxies. */
  look: Redis;
  /** Nothing is started again from here on; resolves to the processes and containers that are left. */
  stop(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'animate-campaign-'));
  const media = join(folder, 'data', 'media');
  await mkdir(media, { recursive: true, mode: 0o700 });
  const diskIsFixed = mountDisk(media);
  // What was accepted is to outlive a Redis that is killed: docs/operations.md.
  const redis = await startDurableRedis({ appendfsync: 'always' });
  const { port } = new URL(redis.url);
  const [discord, slack] = await Promise.all([
    startDiscord({ allowance: ALLOWANCE }),
    startSlack({ retryAfterMs: [0, 1500, 4000] }),
  ]);
  const look = new Redis(redis.url, { maxRetriesPerRequest: null });
  look.on('error', () => undefined);
  const hasContainers = isDockerHere;
  let isEnding = false;

  const launch = (kept: Kept): Role => {
    const role = startRole(kept.kind, {
      REDIS_URL: kept.proxy.url,
      DATA_FOLDER: join(folder, 'data'),
      ENGINE: 'test_engines.does_as_told:create',
      DRAIN_SECONDS: '3',
      ...(kept.kind === 'bot'
        ? { ...discord.environment, ...slack.environment }
        : { WORKER_NAME: kept.name, ENGINE_SILENCE_SECONDS: '5' }),
      ...(kept.name === IN_CONTAINERS && hasContainers
        ? { RUNTIME: 'docker', RENDER_IMAGE, RENDER_MEMORY_GIBIBYTES: '1', WEIGHTS: join(folder, 'weights') }
        : {}),
    });
    kept.starts += 1;
    kept.address = undefined;
    if (kept.kind === 'bot') {
      void role.said('The chat page is ready').then(
        ({ address }) => {
          kept.address = String(address);
        },
        () => undefined,
      );
    }
    void once(role.process, 'exit').then(() => {
      kept.lines.push(...role.lines);
      if (!isEnding && kept.role === role) kept.role = launch(kept);
    });
    return role;
  };

  const keep = async (kind: Kept['kind'], name: string): Promise<Kept> => {
    const proxy = await startProxy({ host: '127.0.0.1', port: Number(port) });
    const kept = { kind, name, proxy, lines: [], address: undefined, starts: 0 } as unknown as Kept;
    kept.role = launch(kept);
    return kept;
  };
  const kept = await Promise.all([keep('bot', 'a'), keep('bot', 'b'), keep('worker', 'one'), keep('worker', 'two')]);
  const bots = kept.filter(({ kind }) => kind === 'bot');
  await Promise.all(bots.flatMap(({ role }) => [role.said('Connected to Discord'), role.said('Connected to Slack')]));
  const [bot] = bots;
  if (bot === undefined) throw new Error('A campaign has two bots');
  const pageLink = await linkOf(bot.role);

  return {
    ...{ folder, media, diskIsFixed, hasContainers, discord, slack, redis, kept, pageLink, look },

    async stop() {
      isEnding = true;
      await Promise.all(kept.map(({ role }) => role.kill('SIGTERM')));
      const containers = hasContainers ? await containersOf(folder) : [];
      const left = await leftAfter(folder, ENDED_WITHIN_MS);
      return [...left, ...containers.map(({ Names }) => `container ${Names}`)];
    },

    async close() {
      isEnding = true;
      await Promise.all(kept.map(({ role }) => role.kill('SIGKILL')));
      const containers = hasContainers ? await containersOf(folder) : [];
      await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
      for (const { proxy } of kept) proxy.close();
      look.disconnect();
      await Promise.all([discord.close(), slack.close(), redis.stop()]);
      if (diskIsFixed === undefined) execFileSync('umount', ['--lazy', media]);
      await rm(folder, { recursive: true, force: true });
      // Those of the workers that were killed.
      await sweepSocketFolders();
    },
  };
}

/** A small disk of its own for pictures and clips. Answers why there is none. */
function mountDisk(place: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEBIBYTES}m,mode=0700`, 'tmpfs', place], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return `mount: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`;
  }
}
