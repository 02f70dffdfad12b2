// A render server of RUNTIME=process, taken over: it runs in the worker's own account, and the kernel alone keeps it in.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEngineClient } from '../../src/gpu/client.ts';
import { createProcessRuntime } from '../../src/gpu/process.ts';
import { root } from '../fakes/roles.ts';

const CANARY = 'canary-of-a-worker';
const never = new AbortController().signal;
const slot = { index: 0 };

let folder: string;
let servers: Server[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engines-taken-over-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true });
});

async function listen(...where: [number, string] | [string]): Promise<Server> {
  const server = createServer((socket) => socket.end()).listen(...(where as [string]));
  servers.push(server);
  await once(server, 'listening');
  return server;
}

async function takenOver(isShutIn: boolean): Promise<string[]> {
  const worker = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'], env: { DISCORD_TOKEN: CANARY } });
  await once(worker, 'spawn');
  const store = await mkdtemp(join(folder, 'store-'));
  for (const name of ['.env', 'to-open', 'to-move', 'to-remove', 'to-truncate']) {
    await writeFile(join(store, name), CANARY, { mode: 0o600 });
  }
  const network = await listen(0, '127.0.0.1');
  const [unix, abstract] = [join(store, 'redis.sock'), `worker-${worker.pid}`];
  for (const place of [unix, `\0${abstract}`]) await listen(place);
  const targets = {
    ...{ pid: worker.pid, canary: [...CANARY].reverse().join(''), secret: join(store, '.env'), unix, abstract },
    port: (network.address() as AddressInfo).port,
  };
  const runtime = createProcessRuntime({
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: {
      ...{
        name: 'test_engines.taken_over:create',
        model: undefined,
        precision: 'exact' as const,
        rendersPerProcess: 0,
      },
      environment: { FASTVIDEO_TARGETS: JSON.stringify(targets) },
    },
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
    isShutIn,
  });
  const engine = await runtime.start(slot, never);
  const client = createEngineClient(engine.socketPath);
  try {
    for (;;) {
      const { state, model } = await client.health(never);
      if (state === 'ready') return JSON.parse(model) as string[];
      if (state === 'failed') throw new Error(await runtime.logs(slot));
      await sleep(20);
    }
  } finally {
    await client.close();
    await runtime.stop(slot);
    worker.stdin.end();
    await once(worker, 'exit');
  }
}

test('an engine that is taken over gets nothing of its worker: no token, file, socket or process', async () => {
  expect(await takenOver(true)).toEqual([]);
});

test('with ENGINE_SANDBOX=off it gets nearly all of it, so that the test before can fail', async () => {
  expect((await takenOver(false)).length).toBeGreaterThanOrEqual(16);
});
