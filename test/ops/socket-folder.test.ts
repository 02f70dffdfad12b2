// The folders for sockets beside the data folders, in the machine's temporary one: none is left there for good, however its process ends.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { holdLock } from '../../src/ops/lock.ts';
import { markSocketFolder, socketFolderOf, sweepSocketFolders } from '../../src/socket-folder.ts';
import { startRole } from '../fakes/roles.ts';

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(temporary, { recursive: true, force: true });
});

const left = async () => (await readdir(temporary)).filter((name) => name.startsWith('animate-')).sort();

/** As a process of ours leaves it that is killed: with its mark and a socket that nobody listens on. */
async function abandoned(name: string): Promise<{ dataFolder: string; folder: string }> {
  const dataFolder = join(temporary, name);
  const folder = socketFolderOf(dataFolder);
  await mkdir(join(folder, 'worker', 'engine-0'), { recursive: true });
  await markSocketFolder(dataFolder);
  const release = await holdLock(join(folder, 'worker', 'worker.lock'), 'It is held.');
  await release();
  await writeFile(join(folder, 'worker', 'engine-0', 'pid'), '1');
  return { dataFolder, folder };
}

test.each(['SIGTERM', 'SIGINT'] as const)('a process that ends by %s leaves none', async (signal) => {
  const environment = { DATA_FOLDER: join(temporary, 'data'), GPUS: 'none', TMPDIR: temporary };
  const role = startRole('start', environment);
  await role.said('The chat page is ready');
  expect(await left()).toHaveLength(1);
  await role.kill(signal);
  expect(await left()).toEqual([]);
});

test('what a killed process has left goes at the next start of another, once its data folder is gone', async () => {
  const start = async (name: string) => {
    const role = startRole('start', { DATA_FOLDER: join(temporary, name), GPUS: 'none', TMPDIR: temporary });
    await role.said('The chat page is ready');
    return role;
  };
  await (await start('one')).kill('SIGKILL');
  const ofOne = socketFolderOf(join(temporary, 'one'));
  expect(existsSync(ofOne)).toBe(true);
  await (await start('two')).kill('SIGTERM');
  expect(existsSync(ofOne)).toBe(true);
  await rm(join(temporary, 'one'), { recursive: true });
  // Its engine goes on for a while without it.
  await vi.waitUntil(
    async () => {
      await sweepSocketFolders();
      return !existsSync(ofOne);
    },
    { timeout: 120_000, interval: 500 },
  );
  expect(await left()).toEqual([]);
});

test('only what a dead process of ours has left is swept', async () => {
  const dead = await abandoned('dead');
  const render = await abandoned('animate-render-abc');
  await mkdir(render.dataFolder);
  const kept = await abandoned('kept');
  await mkdir(kept.dataFolder);
  const alive = await abandoned('alive');
  const release = await holdLock(join(alive.folder, 'worker', 'worker.lock'), 'It is held.');
  const unmarked = socketFolderOf(join(temporary, 'unmarked'));
  await mkdir(unmarked);
  const forged = join(temporary, 'animate-bot-000000000000');
  await mkdir(forged);
  await writeFile(join(forged, 'data-folder'), join(temporary, 'gone'));
  const linked = socketFolderOf(join(temporary, 'linked'));
  const target = join(temporary, 'target');
  await mkdir(target);
  await writeFile(join(target, 'data-folder'), join(temporary, 'linked'));
  await symlink(target, linked);

  await sweepSocketFolders();
  expect([dead.folder, render.folder, render.dataFolder].map(existsSync)).toEqual([false, false, false]);
  expect([kept.folder, alive.folder, unmarked, forged, linked, target].map(existsSync)).toEqual(Array(6).fill(true));
  await release();
});
