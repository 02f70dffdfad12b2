// The files that pass between a worker and an engine: the picture goes in, the clip comes out, and neither stays.
import { randomUUID } from 'node:crypto';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { OperationError } from '../errors.ts';
import { removeLeftover } from '../folders.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import type { Records } from './records.ts';

const SWEEP_EVERY_MS = 30_000;

export interface EngineSweepOptions {
  /** Holds a folder for each engine of this worker. */
  folder: string;
  records: Pick<Records, 'get'>;
  log: Logger;
  everyMs?: number;
}

/** Copies the picture to where the engine reads it; complete or not at all, because a rejoined engine may be reading. */
export async function placeInput(store: Store, key: string, target: string): Promise<void> {
  const picture = await store.read(key);
  if (!picture) {
    throw new OperationError('clip_missing', 'The picture of this render is not in the store any more.', {
      isRetryable: false,
    });
  }
  const part = `${target}.${randomUUID()}.part`;
  await writeFile(part, await buffer(picture.stream), { flag: 'wx' });
  await rename(part, target);
}

/**
 * Removes, now and then, what is left of renders that died here and were finished by another engine. Until a render's outcome
 * is known to Redis its files stay: another life of its job may come for them. Stops with the returned function.
 */
export function startEngineSweep({ folder, records, log, everyMs = SWEEP_EVERY_MS }: EngineSweepOptions) {
  let underWay: Promise<unknown> = Promise.resolve();
  const warn = (error: unknown): void => log.warn({ err: error }, 'Old files of engines could not be removed');
  const sweepPassed = async (passed: string): Promise<void> => {
    for (const file of await namesIn(passed)) {
      const entry = await records.get(file.slice(0, file.indexOf('.')));
      // An engine may have put a folder there.
      if (!entry || entry.outcome) await removeLeftover(join(passed, file)).catch(warn);
    }
  };
  // What an engine has made hard to read or to remove keeps nothing else.
  const sweep = async (): Promise<void> => {
    for (const engine of await namesIn(folder)) {
      for (const name of ['inputs', 'outputs']) await sweepPassed(join(folder, engine, name)).catch(warn);
    }
  };
  const timer = setInterval(() => {
    underWay = underWay.then(sweep).catch(warn);
  }, everyMs);
  return async (): Promise<void> => {
    clearInterval(timer);
    await underWay;
  };
}

/** Nothing where there is no such folder: its engine never started, or it is an engine's log. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
