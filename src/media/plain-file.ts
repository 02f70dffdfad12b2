// Opening a finished file to take its bytes over. A render container may write into the folder that clips are taken from:
// a link there must not lead us to another file.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW;

/** Throws a TypeError for what is not a plain file. */
export async function openPlainFile(file: string): Promise<FileHandle> {
  const handle = await open(file, READ_NO_LINK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new TypeError(`Expected a plain file to take over, got ${file}`);
}
