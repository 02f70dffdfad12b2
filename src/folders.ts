// Folders that only our own user may enter.
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { OperationError } from './errors.ts';

const OWNER_ONLY = 0o700;

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
