// The Runtime of plain processes: what every runtime promises, and what only processes have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createEngineClient } from '../../src/gpu/client.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from '../../src/gpu/process.ts';
import type { Engine } from '../../src/gpu/runtime.ts';
import { isAlive } from '../fakes/processes.ts';
import { leftBehind } from '../fakes/roles.ts';
import { testRuntime } from './runtime-contract.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const never = new AbortController().signal;
const slot = { index: 0 };

const ENGINES = { answers: 'preview', exits: 'nonsense' };

async function create(engine: keyof typeof ENGINES, changes: Partial<ProcessRuntimeOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'runtime-'));
  const options = {
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: ENGINES[engine],
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
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
