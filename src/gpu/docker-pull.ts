// Runs the image's program that fetches weights: the one container with a network, and the one that may write to the weights.
import type { Writable } from 'node:stream';
import Docker from 'dockerode';
import { containerUser, imageId, WEIGHTS_FOLDER } from './docker.ts';

const STOP_WITHIN_SECONDS = 5;

export interface RunInImageOptions {
  image: string;
  weights: string;
  /** Of the image's Python. */
  args: string[];
  environment: Record<string, string>;
}

/** Resolves to its exit code; what it says goes to the output. */
export async function runInImage(
  { image, weights, args, environment }: RunInImageOptions,
  output: Writable,
  stopped: AbortSignal,
): Promise<number> {
  const docker = new Docker();
  const { user, group } = await containerUser(docker);
  const container = await docker.createContainer({
    Image: await imageId(docker, image),
    Entrypoint: ['python', ...args],
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    User: `${user}:${group}`,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      Binds: [`${weights}:${WEIGHTS_FOLDER}`],
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'rw,nosuid,nodev' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Init: true,
    },
  });
  const stop = () => void container.stop({ t: STOP_WITHIN_SECONDS }).catch(() => undefined);
  stopped.addEventListener('abort', stop, { once: true });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    docker.modem.demuxStream(stream, output, output);
    const ended = container.wait({ condition: 'next-exit' });
    await container.start();
    return ((await ended) as { StatusCode: number }).StatusCode;
  } finally {
    stopped.removeEventListener('abort', stop);
    await container.remove({ force: true }).catch(() => undefined);
  }
}
