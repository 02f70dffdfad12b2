// One process at a time, whichever way they start and end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdLock, isHeld } from '../../src/ops/lock.ts';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  lock = join(folder, 'start.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hold = () => holdLock(lock, 'It runs already.');

/** A lock whose holder was killed: the socket lies there, and nobody listens. */
async function leaveBehind(): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(lock)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
  await stat(lock);
}

test('a second process is refused in the sentence that it was given, until the first lets go', async () => {
  const release = await hold();
  await expect(hold()).rejects.toMatchObject({ code: 'setup_missing', message: 'It runs already.' });
  expect(await isHeld(lock)).toBe(true);
  await release();
  await (await hold())();
});

test('what a killed process left behind is no lock', async () => {
  await leaveBehind();
  expect(await isHeld(lock)).toBe(false);
  const release = await hold();
  await expect(hold()).rejects.toThrow('It runs already.');
  await release();
});

test('of many that start at once one gets it, and the others its sentence', async () => {
  const started = await Promise.allSettled(Array.from({ length: 20 }, hold));
  const held = started.filter(({ status }) => status === 'fulfilled');
  const refused = started.flatMap((each) => (each.status === 'rejected' ? [each.reason.message] : []));
  expect([held.length, new Set(refused)]).toEqual([1, new Set(['It runs already.'])]);
});

test('of two that find at once what a killed process left behind, one gets it', async () => {
  for (let round = 0; round < 20; round += 1) {
    await leaveBehind();
    const started = await Promise.allSettled([hold(), hold()]);
    const held = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(held).toHaveLength(1);
    await held[0]?.();
  }
});
