// A worker's engines, as real processes: an admin has a GPU given free, and the next render takes it back.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEngineClient } from '../../src/gpu/client.ts';
import { Ladder } from '../../src/gpu/ladder.ts';
import { type Claim, type Lease, Pool } from '../../src/gpu/pool.ts';
import { createProcessRuntime } from '../../src/gpu/process.ts';
import { runRender } from '../../src/gpu/run.ts';
import type { Progress, RenderResult } from '../../src/render.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { leftBehind } from '../fakes/roles.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const never = new AbortController().signal;
const SMALL = { width: 64, height: 64, frames: 5 };
const UNLOADED = 'The engine is unloaded until it is needed';

let folder: string;
let picture: Buffer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pool-'));
  picture = await drawPicture();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openRuntime = () =>
  createProcessRuntime({
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: {
      name: 'test_engines.does_as_told:create',
      model: undefined,
      precision: 'exact',
      rendersPerProcess: 0,
      environment: {},
    },
    socketFolder: join(folder, 'sockets'),
    dataFolder: join(folder, 'data'),
    isShutIn: true,
  });

/** A pool of two engines that do as their prompts say, both loaded. */
async function start() {
  const lines: { msg: string; slot?: number }[] = [];
  const changes = new EventTarget();
  const tell = () => changes.dispatchEvent(new Event('change'));
  const write = (line: string) => {
    lines.push(JSON.parse(line));
    tell();
  };
  const pool = new Pool({
    ...{ runtime: openRuntime(), slots: [{ index: 0 }, { index: 1 }], engineStartMs: 30_000, engineIdleMs: 0 },
    ladder: await Ladder.open({ rungs: [{ words: 'plainly' }], key: 'k', file: join(folder, 'ladder.json') }),
    log: pino({ level: 'debug' }, { write }),
  });
  pool.onRoom(tell);
  const states = () => pool.describe().map(({ state }) => state);
  const until = async (isIt: () => boolean): Promise<void> => {
    while (!isIt()) await once(changes, 'change');
  };
  await pool.start();
  await until(() => states().join() === 'free,free');
  return {
    pool,
    states,
    until,
    said: (message: string) => lines.filter(({ msg }) => msg === message).map(({ slot }) => slot),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

const claim = (pool: Pool, id: string): Claim => {
  const claimed = pool.claim(id, '480p');
  if (!claimed) throw new Error(`There is no engine for ${id}`);
  return claimed;
};

const bodyOf = (prompt: string) => ({ ...{ image: 'a.png', prompt, negative: '', seed: 7 }, ...SMALL });

async function render({ engine, client, lost, condemn }: Lease, prompt: string, onProgress: (told: Progress) => void) {
  await writeFile(join(engine.inputsFolder, 'a.png'), picture);
  const body = bodyOf(prompt);
  const lease = { engine, client, lost, condemn, [Symbol.asyncDispose]: async () => undefined };
  return runRender(lease, { id: 'a', body, onProgress, cancelled: never, abandoned: never, silenceMs: 30_000 });
}

test('a GPU that is unloaded is free at once, and the other card goes on as it was', async () => {
  await using tested = await start();
  const { pool, states, until, said } = tested;
  const before = await leftBehind(folder);
  pool.unload(0);
  await until(() => states()[0] === 'asleep');
  expect(states()).toEqual(['asleep', 'free']);
  const after = await leftBehind(folder);
  expect(before.filter((line) => !after.includes(line)).every((line) => line.includes('engine-0'))).toBe(true);
  expect(after.filter((line) => line.includes('engine-0'))).toEqual([]);
  expect(after.filter((line) => line.includes('engine-1'))).not.toEqual([]);
  expect(said(UNLOADED)).toEqual([0]);
  expect(pool.loaded).toBe(2);
});

test('a GPU that is unloaded is taken last, and woken by the render that takes it', async () => {
  await using tested = await start();
  const { pool, states, until } = tested;
  pool.unload(0);
  await until(() => states()[0] === 'asleep');
  await using awake = claim(pool, 'b');
  await using woken = claim(pool, 'a');
  expect([awake.isAsleep, woken.isAsleep]).toEqual([false, true]);
  expect(pool.claim('c', '480p')).toBeUndefined();
  await using lease = await woken.lease(never);
  expect(lease.engine.slot).toEqual({ index: 0 });
  expect(await render(lease, 'go', () => undefined)).toMatchObject({ frames: 5 });
});

test('what renders when its GPU is to be unloaded is finished first', async () => {
  await using tested = await start();
  const { pool, states, until, said } = tested;
  const gate = join(folder, 'gate');
  {
    await using claimed = claim(pool, 'a');
    await using lease = await claimed.lease(never);
    let rendering: Promise<RenderResult> | undefined;
    await new Promise<void>((resolve) => {
      rendering = render(lease, `hold ${gate}`, ({ stage }) => stage === 'decoding' && resolve());
    });
    pool.unload(0);
    pool.unload(0);
    expect(states()).toEqual(['lent', 'free']);
    await writeFile(gate, '');
    expect(await rendering).toMatchObject({ frames: 5 });
    expect(said(UNLOADED)).toEqual([]);
  }
  await until(() => states()[0] === 'asleep');
  expect(states()).toEqual(['asleep', 'free']);
  expect(said(UNLOADED)).toEqual([0]);
  // It is not loaded anew to be unloaded: each was ready once, when it was started.
  expect(said('Engine ready').toSorted()).toEqual([0, 1]);
});

test('an engine that breaks under the render after which it is to be unloaded is not replaced', async () => {
  await using tested = await start();
  const { pool, states, until, said } = tested;
  {
    await using claimed = claim(pool, 'a');
    await using lease = await claimed.lease(never);
    pool.unload(0);
    await expect(render(lease, 'die', () => undefined)).rejects.toMatchObject({ name: 'OperationError' });
  }
  await until(() => states()[0] === 'asleep');
  expect(said('Engine ready').toSorted()).toEqual([0, 1]);
  await using claimed = claim(pool, 'b');
  await using other = claim(pool, 'a');
  await using lease = await (claimed.isAsleep ? claimed : other).lease(never);
  expect(await render(lease, 'go', () => undefined)).toMatchObject({ frames: 5 });
});

test('an engine that is being woken renders first, and is unloaded after that', async () => {
  await using tested = await start();
  const { pool, states, until, said } = tested;
  pool.unload(0);
  await until(() => states()[0] === 'asleep');
  {
    await using awake = claim(pool, 'b');
    await using woken = claim(pool, 'a');
    expect(awake.isAsleep).toBe(false);
    pool.unload(0);
    await using lease = await woken.lease(never);
    expect(await render(lease, 'go', () => undefined)).toMatchObject({ frames: 5 });
  }
  await until(() => said(UNLOADED).length === 2 && states().join() === 'asleep,free');
  expect(said(UNLOADED)).toEqual([0, 0]);
});

/** An engine of an earlier worker, in the middle of a render that waits for `gate`. */
async function leaveRendering(gate: string): Promise<void> {
  const { socketPath, inputsFolder } = await openRuntime().start({ index: 0 }, never);
  await writeFile(join(inputsFolder, 'a.png'), picture);
  const client = createEngineClient(socketPath);
  while ((await client.health(never)).state !== 'ready');
  for await (const { stage } of client.render('a', bodyOf(`hold ${gate}`), never)) if (stage === 'decoding') break;
  await client.close();
}

test('a render of an earlier worker is rejoined and finished before its GPU is unloaded', async () => {
  const gate = join(folder, 'gate');
  await leaveRendering(gate);
  await using tested = await start();
  const { pool, states, until, said } = tested;
  pool.unload(0);
  // Whoever came for it left before it was lent.
  await claim(pool, 'a')[Symbol.asyncDispose]();
  await until(() => states()[0] === 'free');
  {
    await using claimed = claim(pool, 'a');
    await using lease = await claimed.lease(never);
    expect(lease.engine.slot).toEqual({ index: 0 });
    await writeFile(gate, '');
    expect(await render(lease, `hold ${gate}`, () => undefined)).toMatchObject({ frames: 5 });
    expect(said(UNLOADED)).toEqual([]);
  }
  await until(() => states().join() === 'asleep,free');
});

test('a card that is not there, and one that is unloaded already, are nothing to unload', async () => {
  await using tested = await start();
  const { pool, states, until, said } = tested;
  for (const index of [2, -1, Number.NaN]) pool.unload(index);
  expect(states()).toEqual(['free', 'free']);
  pool.unload(1);
  await until(() => states()[1] === 'asleep');
  pool.unload(1);
  await using first = claim(pool, 'a');
  await using second = claim(pool, 'b');
  expect([first.isAsleep, second.isAsleep]).toEqual([false, true]);
  await using lease = await second.lease(never);
  expect(await render(lease, 'go', () => undefined)).toMatchObject({ frames: 5 });
  expect(said(UNLOADED)).toEqual([1]);
});
