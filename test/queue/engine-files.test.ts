// What stays in an engine's folders, on a real disk.
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeStale } from '../../src/queue/engine-files.ts';

const HOUR_MS = 3600 * 1000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-engine-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('what a render left behind that another engine finished is gone after an hour, and no earlier', async () => {
  const now = Date.now();
  for (const [name, age] of [
    ['old.png', 1.1],
    ['old.mp4', 30],
    ['finished-a-moment-ago.mp4', 0.9],
  ] as const) {
    const file = join(folder, name);
    await writeFile(file, '');
    const at = new Date(now - age * HOUR_MS);
    await utimes(file, at, at);
  }
  await removeStale([folder], now);
  expect(await readdir(folder)).toEqual(['finished-a-moment-ago.mp4']);
});
