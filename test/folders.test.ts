// Folders that hold sockets and secrets, on a machine with other accounts.
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makePrivateFolder, removeLeftover } from '../src/folders.ts';
import { socketFolderOf } from '../src/socket-folder.ts';

const NOBODY = 65534;

/** What happens between a look into a folder and what is done about what was seen. */
const afterLooking = vi.hoisted(() => vi.fn(async () => {}));
vi.mock(import('node:fs/promises'), async (load) => {
  const real = await load();
  const look = async (place: string) => {
    const names = await real.readdir(place);
    await afterLooking();
    return names;
  };
  return { ...real, readdir: look as typeof real.readdir };
});

let folder: string;
let usual: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folders-'));
  usual = socketFolderOf(folder);
});
afterEach(async () => {
  for (const each of [folder, usual]) await rm(each, { recursive: true, force: true });
});

test('sockets are in the place for temporary files, always in the same folder', async () => {
  expect(dirname(usual)).toBe(tmpdir());
  await makePrivateFolder(usual);
  expect(socketFolderOf(folder)).toBe(usual);
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ['a folder of another account', async (path) => [await mkdir(path), await chown(path, NOBODY, NOBODY)]],
  ['a file', (path) => writeFile(path, '')],
  ['a link to a folder of ours', (path) => symlink(folder, path)],
  ['a link to nowhere', (path) => symlink('/nowhere', path)],
])('%s in that place does not keep the bot from starting: the sockets are in its data folder', async (_what, squat) => {
  await squat(usual);
  const fallback = socketFolderOf(folder);
  expect(dirname(fallback)).toBe(folder);
  await makePrivateFolder(fallback);
  expect((await stat(fallback)).mode & 0o777).toBe(0o700);
  // The next command finds it, too.
  expect(socketFolderOf(folder)).toBe(fallback);
});

test('a folder of ours that others could enter is shut', async () => {
  await mkdir(usual);
  await chmod(usual, 0o777);
  await makePrivateFolder(socketFolderOf(folder));
  expect((await stat(usual)).mode & 0o777).toBe(0o700);
});

test('what somebody else made after we looked is refused', async () => {
  await mkdir(usual);
  await chown(usual, NOBODY, NOBODY);
  await expect(makePrivateFolder(usual)).rejects.toThrow('to be a folder of our own user');
});

test('what an engine leaves is removed without a way out by a link that it puts in a folder’s place meanwhile', async () => {
  const [ours, outputs] = [join(folder, 'ours'), join(folder, 'outputs')];
  const left = join(outputs, 'left');
  for (const each of [ours, left, join(left, 'deeper')]) {
    await mkdir(each, { recursive: true });
    for (const name of ['a', 'b']) await writeFile(join(each, name), '');
  }
  const swap = vi.fn(async () => {
    await rename(left, join(outputs, 'aside'));
    await symlink(ours, left);
  });
  afterLooking.mockImplementationOnce(swap);
  await expect(removeLeftover(left)).rejects.toThrow('ENOTDIR');
  expect(swap).toHaveBeenCalled();
  expect(await readdir(ours)).toEqual(['a', 'b']);
  for (const name of await readdir(outputs)) await removeLeftover(join(outputs, name));
  expect(await readdir(outputs)).toEqual([]);
  expect(await readdir(ours)).toEqual(['a', 'b']);
});

test('what is not there any more needs no removal', async () => {
  await removeLeftover(join(folder, 'gone'));
});
