// Real animate-bot processes from the build, as an operator would start them, on a Redis and a data folder of the test's own.
import { type ChildProcess, type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const main = join(root, 'dist', 'main.js');

export interface LogLine {
  msg: string;
  pid?: number;
  [key: string]: unknown;
}

export interface Role {
  process: ChildProcess;
  environment: Record<string, string>;
  lines: LogLine[];
  /** Resolves with the first line, past or coming, that has this message. Rejects if the process ends without it. */
  said(message: string, isIt?: (line: LogLine) => boolean): Promise<LogLine>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export function startRole(role: 'start' | 'bot' | 'worker', environment: Record<string, string>): Role {
  return start(role, process.execPath, [main, role], environment);
}

/** `npm start` in a process group of its own, as in a terminal of its own. */
export function startWithNpm(environment: Record<string, string>): Role {
  return start('npm start', 'npm', ['start', '--silent'], environment, { cwd: root, detached: true });
}

function start(
  role: string,
  program: string,
  args: string[],
  environment: Record<string, string>,
  options: SpawnOptionsWithoutStdio = {},
): Role {
  const child = spawn(program, args, {
    ...options,
    env: {
      PATH: process.env.PATH,
      LOG_FORMAT: 'json',
      WEB_PORT: '0',
      RENDER_SLOTS: '1',
      DRAIN_SECONDS: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const listeners = new Set<() => void>();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('{')) return; // npm and the build have things to say, too.
    lines.push(JSON.parse(text) as LogLine);
    for (const listener of listeners) listener();
  });

  return {
    process: child,
    environment,
    lines,
    said(message, isIt = () => true) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.msg === message && isIt(each));
          if (line) finish(() => resolve(line));
        };
        const onExit = (): void =>
          finish(() =>
            reject(
              new Error(`${role} ended without saying "${message}":\n${stderr}\n${JSON.stringify(lines.slice(-5))}`),
            ),
          );
        const finish = (settle: () => void): void => {
          listeners.delete(look);
          child.removeListener('exit', onExit);
          settle();
        };
        listeners.add(look);
        child.once('exit', onExit);
        look();
      });
    },
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

/** The link that opens the page of a bot, as an operator has it printed. */
export async function linkOf(bot: Role): Promise<string> {
  const { address } = await bot.said('The chat page is ready');
  const { stdout, stderr } = await run(process.execPath, [main, 'page'], { env: bot.environment });
  const link = stdout.split('\n').find((line) => line.startsWith(`${address}/`));
  if (link === undefined) throw new Error(`No link to ${address}: ${stdout}${stderr}`);
  return link;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Called with all that it wrote so far, whenever it writes. */
  onOutput?(child: ChildProcess, text: string): void;
}

/** Runs a program to its end. */
export async function run(program: string, args: string[], { env, cwd, onOutput }: RunOptions = {}): Promise<Ended> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk) => {
      ended[name] += chunk;
      onOutput?.(child, ended.stdout + ended.stderr);
    });
  }
  [ended.code] = await once(child, 'close');
  return ended;
}

/** The processes of this machine that name a folder on their command line or in their environment, or work in it. */
export async function leftBehind(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      const isOfIt = line.includes(folder) || environment.includes(folder) || place.startsWith(folder);
      return isOfIt ? `${pid} ${line.replaceAll('\0', ' ')}` : undefined;
    }),
  );
  return found.filter((line) => line !== undefined);
}

/** Other processes' ends cannot be awaited, only seen. Resolves to what is there still, which should be nothing. */
export async function leftAfter(folder: string, withinMs: number): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  while ((await leftBehind(folder)).length > 0 && Date.now() < deadline) await sleep(100);
  return leftBehind(folder);
}
