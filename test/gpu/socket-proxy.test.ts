// docker/socket-proxy.cfg in a real HAProxy before a real Docker engine: the runtime works through it, and nothing else does.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { examineDocker } from '../../src/gpu/docker-engine.ts';
import { docker, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { testRuntime } from './runtime-contract.ts';
import { createTested } from './tested-docker.ts';

const settings = fileURLToPath(new URL('../../docker/socket-proxy.cfg', import.meta.url));
const isHere = isDockerHere && spawnSync('haproxy', ['-v']).status === 0;

describe.skipIf(!isHere)('Docker through the filtering proxy', () => {
  let folder: string;
  let proxy: ChildProcess;
  let filtered: Docker;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'socket-proxy-'));
    const socketPath = join(folder, 'docker.sock');
    proxy = spawn('haproxy', ['-db', '-f', settings], {
      env: {
        PROXY_ADDRESS: `unix@${socketPath}`,
        DOCKER_SOCKET: '/var/run/docker.sock',
        ANIMATE_FOLDER: tmpdir(),
        WEIGHTS: join(folder, 'weights'),
        PATH: process.env.PATH,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await vi.waitUntil(() => existsSync(socketPath), { timeout: 10_000 });
    filtered = new Docker({ socketPath });
    process.env.DOCKER_HOST = `unix://${socketPath}`;
  });

  afterAll(async () => {
    delete process.env.DOCKER_HOST;
    proxy.kill('SIGKILL');
    await once(proxy, 'exit');
    await rm(folder, { recursive: true });
  });

  testRuntime('the runtime of containers', (engine) => createTested(engine, { weights: join(folder, 'weights') }));

  it('lets the doctor look', async () => {
    expect(await examineDocker(RENDER_IMAGE)).toMatchObject({ version: expect.any(String), hasImage: true });
  });

  it('keeps everything else out', async () => {
    const other = await docker.createContainer({ Image: RENDER_IMAGE, Entrypoint: ['sleep', '60'] });
    const { Name } = await other.inspect();
    try {
      await other.start();
      const theirs = filtered.getContainer(other.id);
      const named = filtered.getContainer(Name.slice(1));
      await using tested = await createTested('answers', { weights: join(folder, 'weights') });
      await tested.runtime.start({ index: 0 }, new AbortController().signal);
      const ours = filtered.getContainer(String((await (await tested.container()).inspect()).Name).slice(1));
      const attempts: [string, () => Promise<unknown>][] = [
        ['stop', () => theirs.stop()],
        ['remove', () => named.remove({ force: true })],
        ['inspect', () => named.inspect()],
        ['kill', () => ours.kill()],
        ['exec', () => ours.exec({ Cmd: ['id'] })],
        ['rename', () => ours.rename({ name: 'another' })],
        ['update', () => ours.update({})],
        ['copy out', () => ours.getArchive({ path: '/etc' })],
        ['create without our name', () => filtered.createContainer({ Image: RENDER_IMAGE })],
        ['create with another name', () => filtered.createContainer({ name: 'other', Image: RENDER_IMAGE })],
        ['pull', () => filtered.pull('debian')],
        ['remove an image', () => filtered.getImage(RENDER_IMAGE).remove()],
        ['make a volume', () => filtered.createVolume({ Name: 'a' })],
        ['make a network', () => filtered.createNetwork({ Name: 'a' })],
        ['events', () => filtered.getEvents()],
        ['climb', () => filtered.getContainer('animate-bot-a/../../images').remove()],
      ];
      for (const [what, attempt] of attempts) {
        await expect(attempt(), what).rejects.toMatchObject({ statusCode: 403 });
      }
      expect((await other.inspect()).State.Running).toBe(true);
    } finally {
      await other.remove({ force: true });
    }
  });
});
