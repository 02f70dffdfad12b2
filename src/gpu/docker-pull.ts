// Runs a program of the image once: the one that fetches weights, which alone has a network and may write to the weights, and the one
// that measures a precision, which has a card and a folder instead.
import type { Writable } from 'node:stream';
import Docker from 'dockerode';
import { containerUser, imageId, SHARED_MEMORY_BYTES, WEIGHTS_FOLDER } from './docker.ts';

const STOP_WITHIN_SECONDS = 5;

export interface RunInImageOptions {
  image: string;
  weights: string;
  /** Of the image's Python. */
  args: string[];
  environment: Record<string, string>;
  /** A folder of this machine, at the same place in the container, and the id of the card that goes with it. */
  work?: { folder: string; gpu: string | undefined; memoryBytes: number };
}

/** Resolves to its exit code; what it says goes to the output. */
export async function runInImage(
  { image, weights, args, environment, work }: RunInImageOptions,
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
      Binds: work
        ? [`${weights}:${WEIGHTS_FOLDER}:ro`, `${work.folder}:${work.folder}`]
        : [`${weights}:${WEIGHTS_FOLDER}`],
      ReadonlyRootfs: true,
      // Triton runs what it compiles there.
      Tmpfs: { '/tmp': `rw,nosuid,nodev${work ? ',exec' : ''}` },
      ...(work && { NetworkMode: 'none', ShmSize: SHARED_MEMORY_BYTES, Memory: work.memoryBytes }),
      ...(work?.gpu !== undefined && {
        DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [work.gpu], Capabilities: [['gpu']] }],
      }),
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
