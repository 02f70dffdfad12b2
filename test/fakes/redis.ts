// A real Redis of a test's own: a unix socket in a folder that goes away with it, no port, nothing on disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TestRedis {
  /** What ioredis and BullMQ take as their connection options. */
  options: { path: string };
  /** The same place as a URL-like string: ioredis takes a bare socket path. */
  url: string;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const path = join(folder, 'redis.sock');
  const server = spawn(
    'redis-server',
    [
      '--port',
      '0',
      '--unixsocket',
      path,
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(server, 'exit');
  // A test file that fails before its clean-up must not leave a server behind.
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const isReady = await Promise.race([readyLine(server.stdout), exited.then(() => false)]);
  if (!isReady) throw new Error(`Expected redis-server to start, but it exited with code ${server.exitCode}`);
  server.stdout.resume();
  return {
    options: { path },
    url: path,
    async stop() {
      process.off('exit', kill);
      kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readyLine(output: NodeJS.ReadableStream): Promise<boolean> {
  for await (const line of createInterface({ input: output })) {
    if (/ready to accept connections/i.test(line)) return true;
  }
  return false;
}
