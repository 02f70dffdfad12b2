// The Store on disk: what every store promises, and what only files have.
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createFileStore } from '../../src/media/files.ts';
import { testStore } from './store-contract.ts';

async function createStore() {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    folder,
    store: createFileStore(folder),
    unfinished: () => readdir(join(folder, '.unfinished')).catch(() => []),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

testStore('the store on disk', createStore);

test('what a died process left unfinished is swept once it is old, and nothing else', async () => {
  await using tested = await createStore();
  const { folder, store, unfinished } = tested;
  const leave = async (name: string, minutes: number) => {
    const part = join(folder, '.unfinished', name);
    await mkdir(dirname(part), { recursive: true });
    await writeFile(part, 'half a clip');
    const modified = Date.now() / 1000 - minutes * 60;
    await utimes(part, modified, modified);
  };
  await leave('old', 61);
  await leave('young', 59);
  await store.write('clips/web-1.mp4', Buffer.from('clip'));
  expect(await unfinished()).toEqual(['young']);
});

test('a write that fails leaves nothing unfinished', async () => {
  await using tested = await createStore();
  const { folder, store, unfinished } = tested;
  await expect(store.write('clips/web-1.mp4', { file: join(folder, 'none') })).rejects.toThrow('ENOENT');
  expect(await unfinished()).toEqual([]);
});

test('a sweep that cannot be made now does not stop the store from writing', async () => {
  await using tested = await createStore();
  const { folder, store } = tested;
  const odd = join(folder, '.unfinished', 'a folder');
  await mkdir(odd, { recursive: true });
  await utimes(odd, 0, 0);
  await store.write('clips/web-1.mp4', Buffer.from('clip'));
  expect(await store.size('clips/web-1.mp4')).toBe(4);
});

test('what is kept is for our own user alone, whoever could read the original', async () => {
  await using tested = await createStore();
  const { folder, store } = tested;
  const file = join(folder, 'finished.mp4');
  await writeFile(file, 'clip');
  await chmod(file, 0o666);
  await store.write('clips/web-1.mp4', { file });
  await store.write('pictures/web-1.png', Buffer.from('picture'));
  const modeOf = async (name: string) => (await stat(join(folder, name))).mode & 0o777;
  expect(await Promise.all(['clips/web-1.mp4', 'pictures/web-1.png'].map(modeOf))).toEqual([0o600, 0o600]);
  expect(await Promise.all(['clips', 'pictures', '.unfinished'].map(modeOf))).toEqual([0o700, 0o700, 0o700]);
});

test('a link in the place of a file leads nowhere', async () => {
  await using tested = await createStore();
  const { folder, store } = tested;
  await store.write('clips/web-1.mp4', Buffer.from('clip'));
  await symlink('/etc/passwd', join(folder, 'clips', 'web-2.mp4'));
  await expect(store.read('clips/web-2.mp4')).rejects.toThrow('ELOOP');
});
