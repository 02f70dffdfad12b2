// What every Store promises. Each implementation runs these tests as its own.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from '../../src/media/plain-file.ts';
import type { ByteRange, Store } from '../../src/media/store.ts';

export interface TestedStore extends AsyncDisposable {
  store: Store;
}

/** `create` gives an empty store each time. */
export function testStore(name: string, create: () => Promise<TestedStore>): void {
  describe(name, () => {
    const key = 'clips/web-1.mp4';
    const old = Buffer.from('0123456789');
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sources-'));
    });

    afterAll(async () => {
      await rm(folder, { recursive: true });
    });

    it('keeps bytes and tells their size', async () => {
      await using tested = await create();
      const { store } = tested;
      await store.write(key, old);
      expect(await read(store, key)).toEqual(old);
      expect(await store.size(key)).toBe(old.length);
    });

    it('keeps an empty file', async () => {
      await using tested = await create();
      await tested.store.write(key, Buffer.alloc(0));
      expect(await read(tested.store, key)).toEqual(Buffer.alloc(0));
      expect(await tested.store.size(key)).toBe(0);
    });

    it('copies a file and leaves the original', async () => {
      await using tested = await create();
      const file = join(folder, 'finished.mp4');
      const bytes = Buffer.alloc(300_000, 'clip');
      await writeFile(file, bytes);
      await tested.store.write(key, { file });
      expect((await read(tested.store, key))?.equals(bytes)).toBe(true);
      expect((await readFile(file)).equals(bytes)).toBe(true);
    });

    it('keeps files of different keys apart', async () => {
      await using tested = await create();
      const { store } = tested;
      const keys = ['clips/a.mp4', 'clips/b.mp4', 'pictures/a.png', 'clips/a.png'];
      await Promise.all(keys.map((each) => store.write(each, Buffer.from(each))));
      for (const each of keys) expect((await read(store, each))?.toString()).toBe(each);
    });

    it.each<[ByteRange, string]>([
      [{ start: 0 }, '0123456789'],
      [{ start: 2, end: 4 }, '234'],
      [{ start: 9 }, '9'],
      [{ start: 7, end: 99 }, '789'],
    ])('reads the range %j and tells the size of the whole', async (range, text) => {
      await using tested = await create();
      await tested.store.write(key, old);
      const stored = await tested.store.read(key, range);
      expect(stored?.size).toBe(old.length);
      expect(stored && (await buffer(stored.stream)).toString()).toBe(text);
    });

    it.each<ByteRange>([
      { start: 10 },
      { start: 10, end: 12 },
      { start: 4, end: 2 },
      { start: -1 },
      { start: 1.5 },
      { start: Number.NaN },
    ])('refuses the range %j', async (range) => {
      await using tested = await create();
      await tested.store.write(key, old);
      await expect(tested.store.read(key, range)).rejects.toThrow(RangeError);
    });

    it('lists what it holds and when that was written, and nothing when it holds nothing', async () => {
      await using tested = await create();
      const { store } = tested;
      const list = async () => {
        const found: { key: string; modifiedAt: number }[] = [];
        for await (const file of store.list()) found.push(file);
        return found;
      };
      expect(await list()).toEqual([]);
      await store.write('clips/web-1.mp4', old);
      await store.write('pictures/web-1.png', old);
      const listed = await list();
      expect(listed.map(({ key: each }) => each).sort()).toEqual(['clips/web-1.mp4', 'pictures/web-1.png']);
      // Some stores tell whole seconds.
      for (const { modifiedAt } of listed) expect(Math.abs(modifiedAt - Date.now())).toBeLessThan(60_000);
      await store.remove('clips/web-1.mp4');
      expect((await list()).map(({ key: each }) => each)).toEqual(['pictures/web-1.png']);
    });

    it('has no file that was never written, or that was removed', async () => {
      await using tested = await create();
      const { store } = tested;
      const expectNone = async () => {
        expect(await store.read(key)).toBeUndefined();
        expect(await store.read(key, { start: 0 })).toBeUndefined();
        expect(await store.size(key)).toBeUndefined();
      };
      await expectNone();
      await store.remove(key);
      await store.write(key, old);
      await store.remove(key);
      await expectNone();
      await store.remove(key);
    });

    it.each([
      '',
      'web-1.mp4',
      '/clips/web-1.mp4',
      'clips/../web-1.mp4',
      '../clips/web-1.mp4',
      'clips/a/b.mp4',
      'clips/.mp4',
      'clips/web 1.mp4',
      'clips/web-1.exe',
      'clips/web-1.mp4\n',
      'clips\0/web-1.mp4',
      `clips/${'a'.repeat(129)}.mp4`,
      '.unfinished/a.mp4',
    ])('refuses the key %j', async (bad) => {
      await using tested = await create();
      const { store } = tested;
      const calls = [
        () => store.write(bad, old),
        () => store.read(bad),
        () => store.size(bad),
        () => store.remove(bad),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(TypeError);
    });

    it('shows the old file or the whole new one while it is written, never a part', async () => {
      await using tested = await create();
      const { store } = tested;
      const versions = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(2_000_000, letter));
      const file = join(folder, 'large.mp4');
      await store.write(key, versions[0] ?? old);
      let isWriting = true;
      const writing = (async () => {
        for (const version of versions) {
          await store.write(key, version);
          await writeFile(file, version);
          await store.write(key, { file });
        }
        isWriting = false;
      })();
      while (isWriting) {
        const seen = await read(store, key);
        expect(versions.some((version) => seen !== undefined && version.equals(seen))).toBe(true);
      }
      await writing;
    });

    it('ends with one whole file when several write it at once', async () => {
      await using tested = await create();
      const versions = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(500_000, letter));
      await Promise.all(versions.map((version) => tested.store.write(key, version)));
      const seen = await read(tested.store, key);
      expect(versions.some((version) => seen !== undefined && version.equals(seen))).toBe(true);
    });

    it('lets a reader finish what has been replaced or removed since', async () => {
      await using tested = await create();
      const { store } = tested;
      await store.write(key, old);
      const first = await store.read(key);
      await store.write(key, Buffer.from('new'));
      const second = await store.read(key);
      await store.remove(key);
      expect(first && (await buffer(first.stream))).toEqual(old);
      expect(second && (await buffer(second.stream)).toString()).toBe('new');
    });

    /** What an engine may put in the place of its clip. */
    const strange: [string, (file: string) => Promise<unknown>][] = [
      ['a link', (file) => symlink('/etc/passwd', file)],
      ['a folder', (file) => mkdir(file)],
      ['nothing', async () => undefined],
      ['a pipe that nobody writes to', async (file) => execFileSync('mkfifo', [file])],
      ['a socket', (file) => once(createServer().listen(file).unref(), 'listening')],
      ['an empty clip', (file) => writeFile(file, '')],
      ['a clip of a terabyte that takes no room', (file) => writeFile(file, '').then(() => truncate(file, 2 ** 40))],
      ['a clip a byte too large', (file) => writeFile(file, '').then(() => truncate(file, MAX_FILE_BYTES + 1))],
    ];
    it.each(strange)('refuses %s as a source and keeps the old file', async (what, put) => {
      await using tested = await create();
      const { store } = tested;
      const file = join(folder, what);
      await put(file);
      await store.write(key, old);
      // More often than libuv has threads: each that waited for ever would be gone for good.
      for (let times = 0; times < 5; times += 1) await expect(store.write(key, { file })).rejects.toThrow(Error);
      expect(await read(store, key)).toEqual(old);
    });

    it('refuses a device as a source', async () => {
      await using tested = await create();
      for (const file of ['/dev/zero', '/dev/null']) {
        await expect(tested.store.write(key, { file })).rejects.toThrow('plain file');
      }
    });
  });
}

async function read(store: Store, key: string): Promise<Buffer | undefined> {
  const stored = await store.read(key);
  return stored && (await buffer(stored.stream));
}
