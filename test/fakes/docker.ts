// The real Docker engine of this machine, with the image that .ci/docker-image makes: a render server without a GPU.
import { spawnSync } from 'node:child_process';
import Docker from 'dockerode';

export const RENDER_IMAGE = 'animate-bot-test-render';
/** Node, animate-bot and that in one. */
export const WORKER_IMAGE = 'animate-bot-test-worker';
export const docker = new Docker();

export const isDockerHere = spawnSync('docker', ['image', 'inspect', RENDER_IMAGE]).status === 0;

/** The containers, running or not, that something of this folder is mounted in. */
export async function containersOf(folder: string): Promise<Docker.ContainerInfo[]> {
  const all = await docker.listContainers({ all: true });
  return all.filter(({ Mounts }) => Mounts.some(({ Source }) => Source.startsWith(folder)));
}
