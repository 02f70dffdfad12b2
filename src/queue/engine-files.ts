// The files that pass between a worker and an engine: the picture goes in, the clip comes out, and neither stays.
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { OperationError } from '../errors.ts';
import type { Store } from '../media/store.ts';

/** Until a clip's outcome is known to Redis, another life of its job may come for it. */
const STALE_MS = 3600 * 1000;

/** Copies the picture to where the engine reads it; complete or not at all, because a rejoined engine may be reading. */
export async function placeInput(store: Store, key: string, target: string): Promise<void> {
  const picture = await store.read(key);
  if (!picture) {
    throw new OperationError('clip_missing', 'The picture of this render is not in the store any more.', {
      isRetryable: false,
    });
  }
  const part = `${target}.${randomUUID()}.part`;
  await writeFile(part, await buffer(picture.stream));
  await rename(part, target);
}

/** Removes what is left of renders that died here and were finished by another engine. */
export async function removeStale(folders: string[], now: number): Promise<void> {
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const changed = await stat(file).catch(() => undefined);
      if (changed?.isFile() && now - changed.mtimeMs > STALE_MS) await rm(file, { force: true });
    }
  }
}
