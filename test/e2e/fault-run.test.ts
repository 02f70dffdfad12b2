// Everything at once: two workers with four engines in containers, 200 renders, and workers and containers that are killed
// in between. .ci/docker-image makes the image.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecords } from '../../src/queue/records.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { openChat } from '../fakes/chat.ts';
import { containersOf, docker, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { installCards } from '../fakes/gpus.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';

const RENDERS = 200;
const KILL_EVERY = 25;
/** Every so many renders are of 720p, which the smallest card cannot hold. */
const LARGE_EVERY = 5;
const WORKERS = ['one', 'two'] as const;
const CARDS = {
  one: [
    { id: 'GPU-of-32', name: 'NVIDIA GeForce RTX 5090', mebibytes: 32_607 },
    { id: 'GPU-of-12', name: 'NVIDIA GeForce RTX 3060', mebibytes: 12_288 },
  ],
  two: [
    { id: 'GPU-of-24', name: 'NVIDIA GeForce RTX 4090', mebibytes: 24_564 },
    { id: 'GPU-of-16', name: 'NVIDIA GeForce RTX 5060 Ti', mebibytes: 16_311 },
    { id: 'GPU-of-8', name: 'NVIDIA GeForce RTX 3050', mebibytes: 8192 },
  ],
};
const TIMEOUT_MS = 400_000;

describe.skipIf(!isDockerHere)('a pool whose workers and containers are killed', () => {
  let folder: string;
  let redis: TestRedis;
  let connection: Redis;
  const roles: Role[] = [];
  const start = (role: 'bot' | 'worker', environment: Record<string, string> = {}) => {
    const started = startRole(role, { REDIS_URL: redis.url, DATA_FOLDER: join(folder, 'data'), ...environment });
    roles.push(started);
    return started;
  };

  const startWorker = async (name: keyof typeof CARDS) =>
    start('worker', {
      WORKER_NAME: name,
      PATH: await installCards(join(folder, `cards-of-${name}`), CARDS[name]),
      GPUS: 'all',
      ENGINE: 'test_engines.does_as_told:create',
      RUNTIME: 'docker',
      RENDER_IMAGE,
      WEIGHTS: join(folder, 'weights'),
      RENDER_MEMORY_GIBIBYTES: '1',
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-fault-run-'));
    redis = await startRedis();
    connection = connectRedis(redis.url, () => undefined);
  });

  afterEach(async () => {
    await Promise.all(roles.map((role) => role.kill('SIGTERM')));
    connection.disconnect();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'loses no render, delivers none twice, renders one at a time on each engine, and leaves no container',
    async () => {
      const bot = start('bot');
      const records = createRecords(connection);
      const chat = openChat(await linkOf(bot));
      const workers = new Map<string, Role>();
      for (const name of WORKERS) workers.set(name, await startWorker(name));
      const picture = await drawPicture();
      const renderIds: string[] = [];
      for (let number = 0; number < RENDERS; number += 1) {
        const resolution = number % LARGE_EVERY === 0 ? '720p' : '480p';
        renderIds.push(await chat.animate(`go on number ${number} seconds:1 resolution:${resolution}`, picture));
      }

      const delivered = () => bot.lines.filter(({ msg }) => msg === 'Delivered');
      for (let count = KILL_EVERY; count < RENDERS; count += KILL_EVERY) {
        await bot.said('Delivered', () => delivered().length >= count);
        const turn = count / KILL_EVERY;
        if (turn % 2 === 0) {
          const name = WORKERS[(turn / 2) % WORKERS.length] ?? 'one';
          await workers.get(name)?.kill('SIGKILL');
          workers.set(name, await startWorker(name));
        } else {
          const running = await containersOf(folder);
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
      // Each clip tells the card that it was made on. Which of those that can hold it is a matter of who is free.
      const cards = { '480p': new Set<string>(), '720p': new Set<string>() };
      for (const id of renderIds) {
        const entry = await records.get(id);
        const model = entry?.outcome?.kind === 'done' ? entry.outcome.result.model : '';
        cards[entry?.record.request.resolution ?? '480p'].add(/GPU-of-\d+/.exec(model)?.[0] ?? 'none');
      }
      expect([...new Set([...cards['480p'], ...cards['720p']])].sort()).toEqual([
        'GPU-of-12',
        'GPU-of-16',
        'GPU-of-24',
        'GPU-of-32',
      ]);
      expect([...cards['720p']]).not.toContain('GPU-of-12');
      // A render server refuses a second render: that would be in the log.
      const lines = roles.flatMap((role) => role.lines);
      expect(lines.filter((line) => JSON.stringify(line).includes('engine_busy'))).toEqual([]);
      expect(await containersOf(folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
