// The Runtime of plain processes: what every runtime promises, and what only processes have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEngineClient, type EngineClient } from '../../src/gpu/client.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from '../../src/gpu/process.ts';
import type { EngineHealth } from '../../src/gpu/protocol.ts';
import type { Engine } from '../../src/gpu/runtime.ts';
import { isAlive } from '../fakes/processes.ts';
import { leftBehind } from '../fakes/roles.ts';
import { testRuntime } from './runtime-contract.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const never = new AbortController().signal;
const slot = { index: 0 };

const ENGINES = { answers: 'preview', exits: 'nonsense', tells: 'test_engines.tells_its_environment:create' };

const engineOf = (name: keyof typeof ENGINES, environment: Record<string, string> = {}) => ({
  name: ENGINES[name],
  model: undefined,
  precision: 'exact' as const,
  rendersPerProcess: 0,
  environment,
});

async function create(engine: keyof typeof ENGINES, changes: Partial<ProcessRuntimeOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'runtime-'));
  const options = {
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: engineOf(engine),
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
    isShutIn: true,
    ...changes,
  };
  const runtime = createProcessRuntime(options);
  return {
    folder,
    runtime,
    restarted: createProcessRuntime(options),
    running: () => leftBehind(folder),
    async kill({ socketPath, exited }: Engine) {
      const client = createEngineClient(socketPath);
      const { pid } = await client.health(never);
      await client.close();
      process.kill(pid, 'SIGKILL');
      await exited;
    },
    async [Symbol.asyncDispose]() {
      await runtime.sweep([]);
      await rm(folder, { recursive: true });
    },
  };
}

testRuntime('the runtime of processes', create);

test('a Python that is not there is told as what could not be started', async () => {
  await using tested = await create('answers', { python: '/no/such/python' });
  await expect(tested.runtime.start(slot, never)).rejects.toMatchObject({
    code: 'engine_exited',
    message: expect.stringContaining('could not be started'),
  });
});

test('the pid file of an earlier life never ends a stranger that has its number now', async () => {
  await using tested = await create('answers');
  const stranger = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(stranger, 'spawn');
  const sockets = join(tested.folder, 'sockets');
  await mkdir(sockets, { recursive: true });
  for (const text of [String(stranger.pid), String(process.pid), 'not a number', '0', '-1', '']) {
    await writeFile(join(sockets, 'engine-0.pid'), text);
    await tested.runtime.stop(slot);
    await expect(stat(join(sockets, 'engine-0.pid'))).rejects.toThrow('ENOENT');
  }
  expect(isAlive(stranger.pid ?? 0)).toBe(true);
  stranger.stdin.end();
  await once(stranger, 'exit');
});

test('an engine gets the variables that it is given, and none of the worker’s own', async () => {
  process.env.DISCORD_TOKEN = 'a-secret';
  try {
    await using tested = await create('tells', { engine: engineOf('tells', { CUDA_VISIBLE_DEVICES: '1' }) });
    const engine = await tested.runtime.start(slot, never);
    const client = createEngineClient(engine.socketPath);
    const { model } = await untilReady(client);
    await client.close();
    expect(JSON.parse(model)).toMatchObject({ CUDA_VISIBLE_DEVICES: '1', HF_HUB_OFFLINE: '1' });
    expect(model).not.toContain('a-secret');
  } finally {
    delete process.env.DISCORD_TOKEN;
  }
});

async function untilReady(client: EngineClient): Promise<EngineHealth> {
  for (;;) {
    const health = await client.health(never);
    if (health.state === 'ready') return health;
    await sleep(20);
  }
}
