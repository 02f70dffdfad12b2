// The Docker runtime under test, in folders and under an owner of its own.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDockerRuntime, type DockerRuntimeOptions } from '../../src/gpu/docker.ts';
import type { Engine } from '../../src/gpu/runtime.ts';
import { docker, RENDER_IMAGE } from '../fakes/docker.ts';

const ENGINES = { answers: 'preview', exits: 'nonsense', tells: 'test_engines.tells_its_environment:create' };

/** A runtime of containers with nothing running, on the Docker engine that DOCKER_HOST names. */
export async function createTested(engine: keyof typeof ENGINES, changes: Partial<DockerRuntimeOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'docker-'));
  // As a worker's: docker/socket-proxy.cfg knows it by that.
  const owner = `animate-bot-${randomUUID().replaceAll('-', '').slice(0, 12)}-worker`;
  const options: DockerRuntimeOptions = {
    owner,
    image: RENDER_IMAGE,
    engine: { name: ENGINES[engine], model: undefined, precision: 'exact', rendersPerProcess: 0 },
    weights: join(folder, 'weights'),
    memoryBytes: 2 ** 30,
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
    ...changes,
  };
  const ours = (all: boolean) =>
    docker.listContainers({ all, filters: JSON.stringify({ label: [`animate-bot.owner=${owner}`] }) });
  const runtime = createDockerRuntime(options);
  return {
    folder,
    runtime,
    restarted: createDockerRuntime(options),
    running: async () => (await ours(false)).map(({ Names, Status }) => `${Names} ${Status}`),
    container: async () => {
      const [found] = await ours(true);
      return docker.getContainer(found?.Id ?? 'none');
    },
    async kill({ slot, exited }: Engine) {
      await docker.getContainer(`animate-bot-${owner}-${slot.index}`).kill();
      await exited;
    },
    async [Symbol.asyncDispose]() {
      await runtime.sweep([]);
      await rm(folder, { recursive: true });
    },
  };
}
