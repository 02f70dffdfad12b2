// A pool whose runtime fails: one card's trouble is its own.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OperationError } from '../../src/errors.ts';
import { Ladder } from '../../src/gpu/ladder.ts';
import { Pool } from '../../src/gpu/pool.ts';
import type { Runtime } from '../../src/gpu/runtime.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pool-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RUNTIME: Runtime = {
  identity: async () => 'an image',
  start: () => Promise.reject(new OperationError('engine_exited', 'This PyTorch needs kernels for sm_120')),
  attach: async () => undefined,
  stop: async () => undefined,
  sweep: async () => undefined,
  logs: async () => '',
};

async function startPool(runtime: Partial<Runtime>) {
  const lines: { msg: string; slot?: number }[] = [];
  const said = new EventTarget();
  const write = (line: string) => {
    lines.push(JSON.parse(line));
    said.dispatchEvent(new Event('said'));
  };
  const pool = new Pool({
    ...{ runtime: { ...RUNTIME, ...runtime }, slots: [{ index: 0 }, { index: 1 }], engineStartMs: 30_000 },
    engineIdleMs: 0,
    ladder: await Ladder.open({ rungs: [{ words: 'plainly' }], key: 'k', file: join(folder, 'ladder.json') }),
    log: pino({}, { write }),
  });
  await pool.start();
  return {
    pool,
    async until(message: string, count: number) {
      while (lines.filter(({ msg }) => msg === message).length < count) await once(said, 'said');
    },
  };
}

test('a card that can run nothing is left out, also while Docker cannot stop its container', async () => {
  const { pool, until } = await startPool({ stop: () => Promise.reject(new Error('connect ECONNREFUSED')) });
  await until('The engine could not be stopped', 2);
  expect(pool.describe().map(({ state }) => state)).toEqual(['refused', 'refused']);
  await expect(pool.close()).rejects.toThrow('ECONNREFUSED');
});
