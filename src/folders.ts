// Folders that only our own user may enter.
import { constants, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from './errors.ts';

const OWNER_ONLY = 0o700;
const FOLDER_NO_LINK = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Each holds a file open. */
const MAX_DEPTH = 64;

/** Makes a folder (and its parents) for our user alone, whatever it was before. Throws if somebody else owns what is there already. */
export async function makePrivateFolder(folder: string): Promise<string> {
  await makeOwnFolder(folder);
  await chmod(folder, OWNER_ONLY);
  return folder;
}

/** The same for a folder that the operator has named: who else may enter one that is there already is their choice. */
export async function makeOwnFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
  const found = await lstat(folder);
  // In a shared /tmp another user could have made the folder first and read our sockets in it.
  if (!isOurs(found)) {
    throw new OperationError(
      'setup_missing',
      `Expected ${folder} to be a folder of our own user; it belongs to somebody else.`,
      {
        isRetryable: false,
      },
    );
  }
  return folder;
}

/** A folder, no link, of our own user. */
export function isOurs(found: Stats): boolean {
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}

/**
 * Removes what an engine has left and may be changing at this moment. `rm` goes by paths, so a link that takes a folder's place in between
 * would lead it out; this goes by folders that it holds.
 */
export async function removeLeftover(path: string, depth = 0): Promise<void> {
  // Elsewhere no containers share a folder with us, and there is no way in by what is held.
  if (process.platform !== 'linux') return rm(path, { recursive: true, force: true });
  const { code } = await unlink(path).then(
    () => ({ code: 'ENOENT' }),
    (error: NodeJS.ErrnoException) => error,
  );
  if (code === 'ENOENT') return;
  if (depth > MAX_DEPTH) throw new Error(`Expected folders of a depth of ${MAX_DEPTH} at most, got more at ${path}`);
  {
    await using held = await open(path, FOLDER_NO_LINK);
    const inside = `/proc/self/fd/${held.fd}`;
    for (const name of await readdir(inside)) await removeLeftover(join(inside, name), depth + 1);
  }
  await rmdir(path);
}
