// A Store on this machine's disk: one folder, readable by our own user alone.
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { READ_NO_LINK, readPlainFile } from './plain-file.ts';
import { isStoreKey, requireRange, requireStoreKey, type Store, type StoreSource } from './store.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const UNFINISHED_FOLDER = '.unfinished';

/** A write takes seconds; what is older was left by a process that died in the middle of one. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

export function createFileStore(folder: string): Store {
  const unfinished = path.join(folder, UNFINISHED_FOLDER);
  let swept: Promise<void> | undefined;
  const pathOf = (key: string) => {
    requireStoreKey(key);
    return path.join(folder, key);
  };

  return {
    async write(key, source) {
      const target = pathOf(key);
      await mkdir(unfinished, { recursive: true, mode: FOLDER_MODE });
      await mkdir(path.dirname(target), { recursive: true, mode: FOLDER_MODE });
      // Leftovers that cannot be removed, a stranger's say, take up space; they are no reason to lose a clip.
      swept ??= removeLeftovers(unfinished).catch(() => undefined);
      await swept;
      const part = path.join(unfinished, randomUUID());
      try {
        await writeDurably(part, source);
        await rename(part, target);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },

    async read(key, range) {
      const handle = await openIfThere(pathOf(key));
      if (handle === undefined) {
        return undefined;
      }
      try {
        const { size } = await handle.stat();
        const bounds = range === undefined ? {} : requireRange(range, size);
        return { size, stream: handle.createReadStream(bounds) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },

    async size(key) {
      try {
        return (await stat(pathOf(key))).size;
      } catch (error) {
        return undefinedIfMissing(error);
      }
    },

    async remove(key) {
      await rm(pathOf(key), { force: true });
    },

    async *list() {
      for (const kind of (await readdir(folder).catch(undefinedIfMissing)) ?? []) {
        for (const name of await readdir(path.join(folder, kind)).catch(() => [])) {
          const key = `${kind}/${name}`;
          // A file may go while the others are looked at.
          const found = isStoreKey(key) ? await stat(path.join(folder, key)).catch(undefinedIfMissing) : undefined;
          if (found) yield { key, modifiedAt: found.mtimeMs };
        }
      }
    },

    // Nobody beyond this machine can reach its disk.
    link: async () => undefined,

    async examine() {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      const { bavail, blocks, bsize } = await statfs(folder);
      return { kind: 'folder', freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
}

/**
 * A file is copied even where a rename would do: the copy belongs to our user with our mode, whoever wrote the original,
 * works across file systems, and a clip is only a few megabytes.
 */
async function writeDurably(part: string, source: StoreSource): Promise<void> {
  await using target = await open(part, 'wx', FILE_MODE);
  if (Buffer.isBuffer(source)) {
    await target.writeFile(source);
  } else {
    for await (const chunk of readPlainFile(source.file)) await target.writeFile(chunk);
  }
  await target.sync();
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, READ_NO_LINK);
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return undefined;
  }
  throw error;
}

async function removeLeftovers(unfinished: string): Promise<void> {
  const oldest = Date.now() - LEFTOVER_AGE_MS;
  for (const name of await readdir(unfinished)) {
    const part = path.join(unfinished, name);
    const modified = await stat(part).then((found) => found.mtimeMs, undefinedIfMissing);
    if (modified !== undefined && modified < oldest) {
      await rm(part, { force: true });
    }
  }
}
