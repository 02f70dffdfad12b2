// Everything at once: two workers with four engines in containers, 200 renders, and workers and containers that are killed
// in between. .ci/docker-image makes the image.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type Role, startRole } from '../fakes/roles.ts';

const IMAGE = 'animate-bot-test-render';
const isHere = spawnSync('docker', ['image', 'inspect', IMAGE]).status === 0;

const RENDERS = 200;
const KILL_EVERY = 25;
const WORKERS = ['one', 'two'] as const;
const TIMEOUT_MS = 400_000;

describe.skipIf(!isHere)('a pool whose workers and containers are killed', () => {
  let folder: string;
  let redis: TestRedis;
  const roles: Role[] = [];
  const docker = new Docker();

  const start = (role: 'bot' | 'worker', environment: Record<string, string> = {}) => {
    const started = startRole(role, { REDIS_URL: redis.url, DATA_FOLDER: join(folder, 'data'), ...environment });
    roles.push(started);
    return started;
  };

  const startWorker = (name: string) =>
    start('worker', {
      WORKER_NAME: name,
      RENDER_SLOTS: '2',
      ENGINE: 'test_engines.does_as_told:create',
      RUNTIME: 'docker',
      RENDER_IMAGE: IMAGE,
      WEIGHTS: join(folder, 'weights'),
      RENDER_MEMORY_GIBIBYTES: '1',
    });

  const containers = async (all: boolean) =>
    (await docker.listContainers({ all })).filter(({ Mounts }) =>
      Mounts.some(({ Source }) => Source.startsWith(folder)),
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-fault-run-'));
    redis = await startRedis();
  });

  afterEach(async () => {
    await Promise.all(roles.map((role) => role.kill('SIGTERM')));
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'loses no render, delivers none twice, renders one at a time on each engine, and leaves no container',
    async () => {
      const bot = start('bot');
      const { address } = await bot.said('The chat page is ready');
      const chat = openChat(String(address));
      const workers = new Map(WORKERS.map((name) => [name, startWorker(name)]));
      const picture = await drawPicture();
      const renderIds: string[] = [];
      for (let number = 0; number < RENDERS; number += 1) {
        renderIds.push(await chat.animate(`go on number ${number} seconds:1`, picture));
      }

      const delivered = () => bot.lines.filter(({ msg }) => msg === 'Delivered');
      for (let count = KILL_EVERY; count < RENDERS; count += KILL_EVERY) {
        await bot.said('Delivered', () => delivered().length >= count);
        const turn = count / KILL_EVERY;
        if (turn % 2 === 0) {
          const name = WORKERS[(turn / 2) % WORKERS.length] ?? 'one';
          await workers.get(name)?.kill('SIGKILL');
          workers.set(name, startWorker(name));
        } else {
          const running = await containers(false);
          const victim = running[Math.floor(Math.random() * running.length)];
          // It may be gone already: its worker was replacing it.
          await docker
            .getContainer(victim?.Id ?? 'none')
            .kill()
            .catch(() => undefined);
        }
      }
      await bot.said('Delivered', () => delivered().length >= RENDERS);

      await Promise.all([...workers.values()].map((worker) => worker.kill('SIGTERM')));
      const outcomes = delivered().map(({ renderId, outcome }) => `${renderId} ${outcome}`);
      expect(outcomes.sort()).toEqual(renderIds.map((id) => `${id} done`).sort());
      // A render server refuses a second render: that would be in the log.
      const lines = roles.flatMap((role) => role.lines);
      expect(lines.filter((line) => JSON.stringify(line).includes('engine_busy'))).toEqual([]);
      expect(await containers(true)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
