// Runs render servers as containers: one for each slot, with a GPU of its own, without a network and without privileges.
// A container is not tied to the worker's life: a worker that restarts finds it again by its labels.
import { chown, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { OperationError } from '../errors.ts';
import { makePrivateFolder } from '../folders.ts';
import { answers, untilItAnswers } from './answers.ts';
import { describeExit } from './exit.ts';
import { describeEngine, describePrecision, type EngineChoice } from './render-server.ts';
import type { Engine, Launch, Runtime, Slot } from './runtime.ts';

const OWNER_LABEL = 'animate-bot.owner';
const SLOT_LABEL = 'animate-bot.slot';

/** Who renders in a container when the worker is root: the image's own user. */
const IMAGE_USER = 1000;

const STOP_WITHIN_SECONDS = 5;
const LOG_LINES = 50;
const MOST_PROCESSES = 1024;
const MOST_OPEN_FILES = 16_384;
/** FastVideo's worker needs more than the 64 MiB that Docker gives. */
export const SHARED_MEMORY_BYTES = 8 * 2 ** 30;

// Places in the container, as docker/Dockerfile makes them.
const SOCKET_FOLDER = '/run/render';
const INPUTS_FOLDER = '/workspace/inputs';
const OUTPUTS_FOLDER = '/workspace/outputs';
export const WEIGHTS_FOLDER = '/weights';

export interface DockerRuntimeOptions {
  /** Tells our containers from those of other workers on the same Docker engine, over restarts. */
  owner: string;
  image: string;
  engine: EngineChoice;
  /** The volume, or the folder, that holds the weights. */
  weights: string;
  memoryBytes: number;
  /** Sockets. Its path must be short: a unix socket's is limited to about 100 bytes. */
  socketFolder: string;
  /** Inputs and outputs. */
  dataFolder: string;
}

/** docker/socket-proxy.cfg matches what it asks of Docker, word for word: a change here is to be made there. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  const { owner, image, socketFolder, dataFolder } = options;
  // It finds the engine by DOCKER_HOST, or at the usual place.
  const docker = new Docker();

  const nameOf = ({ index }: Slot) => `animate-bot-${owner}-${index}`;
  const containerOf = (slot: Slot) => docker.getContainer(nameOf(slot));
  const placesOf = ({ index }: Slot) => ({
    socketPath: join(socketFolder, `engine-${index}`, 'render.sock'),
    inputsFolder: join(dataFolder, `engine-${index}`, 'inputs'),
    outputsFolder: join(dataFolder, `engine-${index}`, 'outputs'),
  });

  const create = async (slot: Slot, launch: Launch): Promise<void> => {
    const { socketPath, inputsFolder, outputsFolder } = placesOf(slot);
    const ownSocketFolder = dirname(socketPath);
    for (const folder of [socketFolder, dirname(inputsFolder)]) await makePrivateFolder(folder);
    const { user, group } = await containerUser(docker);
    await makeFolders([ownSocketFolder, inputsFolder, outputsFolder], { user, group });
    const body: Docker.ContainerCreateOptions = {
      // By id: the name may come to mean another image while this one runs.
      Image: await imageId(docker, image),
      Labels: { [OWNER_LABEL]: owner, [SLOT_LABEL]: String(slot.index) },
      Entrypoint: ['python', '-m', 'render_server'],
      Cmd: [
        ...['--socket', `${SOCKET_FOLDER}/render.sock`, '--inputs', INPUTS_FOLDER, '--outputs', OUTPUTS_FOLDER],
        ...describeEngine(options.engine, launch),
      ],
      Env: ['HF_HUB_OFFLINE=1', ...Object.entries(describePrecision(options.engine)).map((each) => each.join('='))],
      User: `${user}:${group}`,
      NetworkDisabled: true,
      // Health is asked for over the socket.
      Healthcheck: { Test: ['NONE'] },
      HostConfig: {
        Binds: [
          `${ownSocketFolder}:${SOCKET_FOLDER}`,
          `${inputsFolder}:${INPUTS_FOLDER}:ro`,
          `${outputsFolder}:${OUTPUTS_FOLDER}`,
          `${options.weights}:${WEIGHTS_FOLDER}:ro`,
        ],
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        // Triton runs what it compiles there.
        Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev' },
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Memory: options.memoryBytes,
        MemorySwap: options.memoryBytes,
        PidsLimit: MOST_PROCESSES,
        // Processes are limited for the container; this limit would count all of its user's on the machine.
        Ulimits: [{ Name: 'nofile', Soft: MOST_OPEN_FILES, Hard: MOST_OPEN_FILES }],
        ...(launch.hostIpc ? { IpcMode: 'host' } : { ShmSize: SHARED_MEMORY_BYTES }),
        Init: true,
        RestartPolicy: { Name: 'no' },
        ...(slot.gpu !== undefined && {
          DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [slot.gpu.id], Capabilities: [['gpu']] }],
        }),
      },
    };
    // Each in its place: without this dockerode repeats the whole body in the query, and docker/socket-proxy.cfg matches both.
    const request = { _query: { name: nameOf(slot) }, _body: body };
    await docker.createContainer(request as Docker.ContainerCreateOptions);
  };

  const logs = async (slot: Slot): Promise<string> => {
    const chunks = await containerOf(slot).logs({ stdout: true, stderr: true, tail: LOG_LINES }).catch(orNothingThere);
    return chunks ? joinStreams(chunks).trim() : '';
  };

  const stop = async (slot: Slot): Promise<void> => {
    await containerOf(slot).stop({ t: STOP_WITHIN_SECONDS }).catch(orNothingThere);
    await remove(containerOf(slot));
  };

  const ours = (all: boolean) =>
    docker.listContainers({ all, filters: JSON.stringify({ label: [`${OWNER_LABEL}=${owner}`] }) });

  return {
    logs,
    stop,

    identity: () => imageId(docker, image),

    async start(slot, signal, launch = {}): Promise<Engine> {
      await stop(slot);
      signal.throwIfAborted();
      await create(slot, launch).catch((error) => {
        throw explain(error);
      });
      // By its name from here on, which is what a proxy before Docker's socket can tell ours by.
      const container = containerOf(slot);
      // Asked for before it starts, so that no end is missed.
      const exited = endOf(container, { isNew: true });
      await container.start().catch((error) => {
        throw explain(error);
      });
      await untilItAnswers({ socketPath: placesOf(slot).socketPath, exited, logs: () => logs(slot) }, signal);
      return { slot, ...placesOf(slot), exited };
    },

    async attach(slot, signal): Promise<Engine | undefined> {
      const isThere = (await ours(false)).some(({ Labels }) => Labels[SLOT_LABEL] === String(slot.index));
      if (!isThere || !(await answers(placesOf(slot).socketPath, signal))) return undefined;
      return { slot, ...placesOf(slot), exited: endOf(containerOf(slot), { isNew: false }) };
    },

    async sweep(slots): Promise<void> {
      const kept = new Set(slots.map(({ index }) => String(index)));
      const leftovers = (await ours(true)).filter(({ Labels }) => !kept.has(Labels[SLOT_LABEL] ?? ''));
      const names = leftovers.flatMap(({ Names }) => Names.map((name) => name.replace('/', '')));
      await Promise.all(names.map((name) => remove(docker.getContainer(name))));
    },
  };
}

/** What completes "The render server …". */
async function endOf(container: Docker.Container, { isNew }: { isNew: boolean }): Promise<string> {
  try {
    const { StatusCode: code } = await container.wait({ condition: isNew ? 'next-exit' : 'not-running' });
    const state = await container.inspect().then(({ State }) => State, orNothingThere);
    if (state?.OOMKilled) return 'was killed, because its container ran out of memory';
    return describeExit(code, null);
  } catch (error) {
    return `cannot be watched: ${(error as Error).message}`;
  }
}

export async function imageId(docker: Docker, image: string): Promise<string> {
  try {
    return (await docker.getImage(image).inspect()).Id;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new OperationError(
      'setup_missing',
      `The image ${image} is not on this Docker engine. Build it: docker build -f docker/Dockerfile -t ${image} .`,
      { isRetryable: false, cause: error },
    );
  }
}

/**
 * Who containers run as: we, so that their files are ours; the image's own user where we are root. In the containers of a
 * rootless engine, which is ours, we are called root, with no more rights than we have outside.
 */
export async function containerUser(docker: Pick<Docker, 'info'>): Promise<{ user: number; group: number }> {
  // Docker says it among its options, Podman in a word of its own.
  const { SecurityOptions, Rootless } = (await docker.info()) as { SecurityOptions?: string[]; Rootless?: boolean };
  if (Rootless || SecurityOptions?.some((option) => option.startsWith('name=rootless'))) return { user: 0, group: 0 };
  const user = process.getuid?.() ?? IMAGE_USER;
  const group = process.getgid?.() ?? IMAGE_USER;
  return user === 0 ? { user: IMAGE_USER, group: IMAGE_USER } : { user, group };
}

/** Makes folders that containers can write to. */
async function makeFolders(
  folders: string[],
  { user, group }: Awaited<ReturnType<typeof containerUser>>,
): Promise<void> {
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    if (process.getuid?.() === 0) await chown(folder, user, group);
  }
}

async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(orNothingThere);
}

function explain(error: unknown): Error {
  if (error instanceof OperationError) return error;
  return new OperationError('engine_exited', `The container could not be started: ${(error as Error).message}`, {
    cause: error,
  });
}

/** For questions about containers that may be gone, going, or stopped already. */
function orNothingThere(error: unknown): undefined {
  if (isNotFound(error) || statusOf(error) === 304 || statusOf(error) === 409) return undefined;
  throw error;
}

function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

function statusOf(error: unknown): unknown {
  return (error as { statusCode?: unknown }).statusCode;
}

/** Docker sends both streams in one, in pieces: a header of 8 bytes, of which the last four are the length, and the text. */
function joinStreams(pieces: Buffer): string {
  const texts: string[] = [];
  for (let at = 0; at + 8 <= pieces.length; ) {
    const end = at + 8 + pieces.readUInt32BE(at + 4);
    texts.push(pieces.toString('utf8', at + 8, end));
    at = end;
  }
  return texts.join('');
}
