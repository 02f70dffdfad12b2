// Runs render servers as processes of this machine: for development, previews, and machines that are containers themselves.
// A server is not tied to the worker's life: a worker that restarts finds it again, and one that nobody asks for stops itself.
import { spawn } from 'node:child_process';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePrivateFolder, removeLeftover } from '../folders.ts';
import { answers, untilItAnswers } from './answers.ts';
import { commandLineOf } from './command-line.ts';
import { describeExit } from './exit.ts';
import { describeEngine, describePrecision, type EngineChoice } from './render-server.ts';
import type { Engine, Launch, Runtime, Slot } from './runtime.ts';

const TERMINATE_GRACE_MS = 5000;
const POLL_MS = 50;
const LOG_TAIL_BYTES = 4096;

export interface ProcessRuntimeOptions {
  python: string;
  /** The folder that holds the `render_server` package. */
  serverFolder: string;
  /** Nothing but `environment` of our own variables reaches it. */
  engine: EngineChoice & { environment: Record<string, string> };
  /** Sockets and pid files. Its path must be short: a unix socket's is limited to about 100 bytes. */
  socketFolder: string;
  /** Inputs, outputs and logs. */
  dataFolder: string;
  /** Off for a driver or an engine that Landlock and seccomp keep from working. */
  isShutIn: boolean;
}

export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
  const { python, serverFolder, engine, socketFolder, dataFolder, isShutIn } = options;

  const socketOf = ({ index }: Slot) => join(socketFolder, `engine-${index}.sock`);
  const pidFileOf = ({ index }: Slot) => join(socketFolder, `engine-${index}.pid`);
  const logOf = ({ index }: Slot) => join(dataFolder, `engine-${index}.log`);
  /** Short, because engines make sockets there. */
  const temporaryOf = ({ index }: Slot) => join(socketFolder, `engine-${index}.tmp`);
  const homeOf = ({ index }: Slot) => join(dataFolder, `engine-${index}`, 'home');
  const foldersOf = ({ index }: Slot) => ({
    inputsFolder: join(dataFolder, `engine-${index}`, 'inputs'),
    outputsFolder: join(dataFolder, `engine-${index}`, 'outputs'),
  });

  const spawnServer = async (slot: Slot, launch: Launch) => {
    const { inputsFolder, outputsFolder } = foldersOf(slot);
    const own = isShutIn ? [temporaryOf(slot), homeOf(slot)] : [];
    for (const folder of [socketFolder, inputsFolder, outputsFolder, ...own]) await makePrivateFolder(folder);
    await using log = await open(logOf(slot), 'w', 0o600);
    const places = [
      ...['--socket', socketOf(slot), '--inputs', inputsFolder, '--outputs', outputsFolder],
      ...(isShutIn ? ['--shut-in', homeOf(slot)] : []),
    ];
    const child = spawn(python, ['-m', 'render_server', ...places, ...describeEngine(engine, launch)], {
      cwd: serverFolder,
      // Its own session, so that Ctrl-C in the terminal reaches the worker alone, which then decides.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        ...engine.environment,
        ...(isShutIn && { TMPDIR: temporaryOf(slot) }),
        ...describePrecision(engine),
        // By number, because FastVideo reads one; in the order in which nvidia-smi counts.
        ...(slot.gpu !== undefined && {
          CUDA_VISIBLE_DEVICES: String(slot.gpu.index),
          CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
        }),
        // Weights are fetched by a step of their own.
        HF_HUB_OFFLINE: '1',
        // The last one is where container platforms mount nvidia-smi, which tells that a GPU is lost.
        PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/nvidia/bin',
        PYTHONUNBUFFERED: '1',
        PYTHONDONTWRITEBYTECODE: '1',
        LANG: 'C.UTF-8',
      },
    });
    child.unref();
    // Listened for at once: a program that is not there says so before the next await ends.
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, killedBy) => resolve(describeExit(code, killedBy)));
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    });
    return { child, exited };
  };

  const logs = async (slot: Slot): Promise<string> => {
    return (await readTail(logOf(slot)).catch(() => '')).trim();
  };

  const stop = async (slot: Slot): Promise<void> => {
    const pid = await readPid(pidFileOf(slot));
    if (pid !== undefined && (await isRenderServer(pid))) await terminate(pid);
    const left = [pidFileOf(slot), socketOf(slot), temporaryOf(slot)];
    await Promise.all(left.map((file) => removeLeftover(file)));
  };

  return {
    logs,
    stop,

    identity: async () => python,

    async start(slot, signal, launch = {}): Promise<Engine> {
      await stop(slot);
      const { child, exited } = await spawnServer(slot, launch);
      if (child.pid !== undefined) await writeFile(pidFileOf(slot), String(child.pid), { mode: 0o600 });

      await untilItAnswers({ socketPath: socketOf(slot), exited, logs: () => logs(slot) }, signal);
      return { slot, socketPath: socketOf(slot), ...foldersOf(slot), exited };
    },

    async attach(slot, signal): Promise<Engine | undefined> {
      if (!(await answers(socketOf(slot), signal))) return undefined;
      return { slot, socketPath: socketOf(slot), ...foldersOf(slot), exited: new Promise(() => undefined) };
    },

    async sweep(slots): Promise<void> {
      const kept = new Set(slots.map(({ index }) => index));
      const files = await readdir(socketFolder).catch(() => []);
      const found = files.map((file) => /^engine-(\d+)\.pid$/.exec(file)?.[1]).filter((index) => index !== undefined);
      const leftovers = found.map(Number).filter((index) => !kept.has(index));
      await Promise.all(leftovers.map((index) => stop({ index })));
    },
  };
}

/** The end of a log, however long it has become. */
async function readTail(file: string): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.alloc(LOG_TAIL_BYTES),
    position: Math.max(0, size - LOG_TAIL_BYTES),
  });
  return buffer.toString('utf8', 0, bytesRead);
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** A pid file may be older than the process that has its number now: never signal a stranger. */
async function isRenderServer(pid: number): Promise<boolean> {
  return (await commandLineOf(pid))?.includes('render_server') ?? false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function terminate(pid: number): Promise<void> {
  for (const killSignal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, killSignal);
    } catch {
      return; // Already gone.
    }
    // A process that is not our child gives no exit event: it can only be asked for.
    for (let waited = 0; waited < TERMINATE_GRACE_MS; waited += POLL_MS) {
      if (!isAlive(pid)) return;
      await sleep(POLL_MS);
    }
  }
}
