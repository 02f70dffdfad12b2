// A real Redis of a test's own, in a folder that goes away with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface TestRedis {
  /** What ioredis and BullMQ take as their connection options. */
  options: { path: string };
  /** The same place as a URL-like string: ioredis takes a bare socket path. */
  url: string;
  stop(): Promise<void>;
}

/** On a unix socket, without a port, with nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const path = join(folder, 'redis.sock');
  const stop = await runServer({ dir: folder, port: '0', unixsocket: path, appendonly: 'no' });
  return {
    options: { path },
    url: path,
    async stop() {
      await stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As an operator runs one: on a port, and what it was told is there again after a restart. */
export async function startDurableRedis(settings: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = String(await freePort());
  const start = () => runServer({ dir: folder, port, bind: '127.0.0.1', appendonly: 'yes', ...settings });
  let halt = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Ends the server; what it kept stays. */
    halt: () => halt('SIGTERM'),
    async resume() {
      halt = await start();
    },
    async stop() {
      await halt('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As a hosted one: TLS alone, and a password. */
export async function startTlsRedis({
  key,
  certificate,
  password,
}: Record<'key' | 'certificate' | 'password', string>) {
  const port = String(await freePort());
  const stop = await runOnPort(port, {
    ...{ port: '0', requirepass: password, 'tls-port': port, 'tls-auth-clients': 'no' },
    ...{ 'tls-cert-file': certificate, 'tls-key-file': key },
  });
  return { url: `rediss://:${encodeURIComponent(password)}@127.0.0.1:${port}`, stop };
}

/** A cluster of one node, which has all slots: it refuses what touches several of them, as a large one does. */
export async function startClusterRedis() {
  const port = String(await freePort());
  const stop = await runOnPort(port, { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) });
  const url = `redis://127.0.0.1:${port}`;
  const redis = new Redis(url);
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  while (!String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(50);
  redis.disconnect();
  return { url, stop };
}

async function runOnPort(port: string, settings: Record<string, string>): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const stop = await runServer({ dir: folder, port, bind: '127.0.0.1', appendonly: 'no', ...settings });
  return async () => {
    await stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
}

async function runServer(settings: Record<string, string>): Promise<(signal: NodeJS.Signals) => Promise<void>> {
  const all = { save: '', 'maxmemory-policy': 'noeviction', ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  // A test file that fails before its clean-up must not leave a server behind.
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const isReady = await Promise.race([readyLine(server.stdout), exited.then(() => false)]);
  if (!isReady) throw new Error(`Expected redis-server to start, but it exited with code ${server.exitCode}`);
  server.stdout.resume();
  return async (signal) => {
    process.off('exit', kill);
    server.kill(signal);
    await exited;
  };
}

async function readyLine(output: NodeJS.ReadableStream): Promise<boolean> {
  for await (const line of createInterface({ input: output })) {
    if (/ready to accept connections/i.test(line)) return true;
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a port, got none');
  return address.port;
}
