// The launch ladder by itself, and with real render servers that refuse to be launched plainly.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { isMendedHigher, Ladder, type Rung, rungsOf } from '../../src/gpu/ladder.ts';
import { Pool } from '../../src/gpu/pool.ts';
import { createProcessRuntime } from '../../src/gpu/process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BLOCKED = 'WorkerMultiprocProc failed to start.';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ladder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (rungs: Rung[] = rungsOf('fastvideo', 'docker'), key = 'sha256:1') =>
  Ladder.open({ rungs, key, file: join(folder, 'ladder.json') });

const climbFrom = (ladder: Ladder, reason = BLOCKED, output = '') => ladder.climb(ladder.rung, reason, output);

describe('the launch ladder', () => {
  it('goes from a plain container to shared memory, Ray and diffusers, and ends there', async () => {
    const ladder = await open();
    const climbed = [ladder.rung];
    while (climbFrom(ladder)) climbed.push(ladder.rung);
    expect(climbed.map(({ engine = 'fastvideo', hostIpc = false }) => `${engine} ${hostIpc}`)).toEqual([
      'fastvideo false',
      'fastvideo true',
      'fastvideo-ray true',
      'diffusers false',
    ]);
  });

  it('has one rung for an engine without a worker process', () => {
    for (const engine of ['preview', 'diffusers', 'diffusers-best']) expect(rungsOf(engine, 'docker')).toHaveLength(1);
  });

  it('says how engines are launched, and why not plainly', async () => {
    const ladder = await open();
    expect(ladder.describe()).toBe('plainly');
    climbFrom(ladder, `${BLOCKED}\nTraceback`);
    expect(ladder.describe()).toBe(`with the host’s shared memory, because: ${BLOCKED}`);
  });

  it('is climbed once for several engines that fail together', async () => {
    const ladder = await open();
    const plain = ladder.rung;
    expect([ladder.climb(plain, BLOCKED, ''), ladder.climb(plain, BLOCKED, '')]).toEqual([true, true]);
    expect(ladder.rung).toMatchObject({ hostIpc: true });
    expect(ladder.rung.engine).toBeUndefined();
  });

  it('remembers what worked for an image, over restarts, and begins anew for another image', async () => {
    const ladder = await open();
    climbFrom(ladder);
    expect((await open()).describe()).toBe('plainly');
    await ladder.remember();
    expect((await open()).describe()).toBe(ladder.describe());
    expect((await open(undefined, 'sha256:2')).describe()).toBe('plainly');
  });

  it('begins at its foot when what was kept cannot be read', async () => {
    await writeFile(join(folder, 'ladder.json'), '{"sha256:1"');
    expect((await open()).describe()).toBe('plainly');
  });
});

test.each([
  BLOCKED,
  'The engine could not load: RuntimeError: unable to open shared memory object </torch_1> in read-write mode',
  'Its process stopped with signal SIGBUS (exit code 135).',
  'OSError: [Errno 28] No space left on device',
  "The engine could not load: RuntimeError: Expected Ray, found none (No module named 'ray')",
  'The engine was not ready after 600 s.',
])('another launch may mend: %s', (words) => expect(isMendedHigher(words)).toBe(true));

test.each([
  'The engine could not load: RuntimeError: no CUDA GPUs are available',
  `${BLOCKED}\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.`,
  'Expected the weights of a/b in the cache or for download, found neither.',
  'ValueError: something of our own',
])('no launch mends: %s', (words) => expect(isMendedHigher(words)).toBe(false));

async function startPool(rungs: Rung[]) {
  const lines: Record<string, unknown>[] = [];
  const ladder = await open(rungs);
  const runtime = createProcessRuntime({
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: {
      name: 'test_engines.is_blocked:create',
      model: undefined,
      precision: 'exact',
      rendersPerProcess: 0,
      environment: {},
    },
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
    isShutIn: false,
  });
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const pool = new Pool({ runtime, slots: [{ index: 0 }], ladder, engineStartMs: 30_000, engineIdleMs: 0, log });
  const said = (message: string) => lines.filter(({ msg }) => msg === message);
  const isReady = new Promise<void>((resolve) => pool.onRoom(resolve));
  await pool.start();
  await isReady;
  return { pool, said };
}

test('an engine that this host blocks is launched another way, which the next worker begins with', async () => {
  const rungs: Rung[] = [{ words: 'plainly' }, { words: 'in its place', engine: 'preview' }];
  for (const failures of [1, 0]) {
    const { pool, said } = await startPool(rungs);
    {
      await using claim = pool.claim('a', '480p');
      const lease = await claim?.lease(new AbortController().signal);
      expect((await lease?.client.health(new AbortController().signal))?.engine).toBe('preview');
    }
    expect(said('The engine did not start')).toHaveLength(failures);
    expect(said('Launching the engine another way')).toHaveLength(failures);
    expect(said('Engine ready')[0]?.launched).toMatch(/^in its place, because: .*WorkerMultiprocProc failed to start/);
    await pool.close();
  }
});
