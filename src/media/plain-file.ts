// Taking over a file that an engine made. Its container may write into the folder that clips are taken from, so everything can
// stand in the place of a clip: a link to another file, a pipe or a device that never ends, a file that grows.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { within } from '../within.ts';

/** Without O_NONBLOCK, opening a pipe that nobody writes to takes one of libuv's threads for good. */
export const READ_NO_LINK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Five seconds of 720p are a few megabytes. */
export const MAX_FILE_BYTES = 64 * 2 ** 20;
const READ_WITHIN_MS = 60_000;
const CHUNK_BYTES = 2 ** 16;

export interface ReadLimits {
  maxBytes?: number;
  withinMs?: number;
  now?: () => number;
}

/**
 * The bytes of a plain file. Throws a TypeError for what is none, a RangeError for one that is empty or too large or becomes so,
 * and an Error when it takes too long.
 */
export async function* readPlainFile(
  file: string,
  { maxBytes = MAX_FILE_BYTES, withinMs = READ_WITHIN_MS, now = Date.now }: ReadLimits = {},
): AsyncGenerator<Buffer, void> {
  const lastMoment = now() + withinMs;
  const inTime = <Value>(answer: Promise<Value>): Promise<Value> => {
    const left = lastMoment - now();
    const late = (): Value => {
      throw new Error(`Expected to read ${file} within ${withinMs / 1000} s`);
    };
    return left > 0 ? within(left, answer, late) : Promise.resolve().then(late);
  };
  await using handle = await inTime(openPlainFile(file, maxBytes));
  for (let total = 0; ; ) {
    const { buffer, bytesRead } = await inTime(handle.read(Buffer.alloc(CHUNK_BYTES)));
    if (bytesRead === 0) return;
    total += bytesRead;
    if (total > maxBytes) throw tooLarge(file, total, maxBytes);
    yield buffer.subarray(0, bytesRead);
  }
}

async function openPlainFile(file: string, maxBytes: number): Promise<FileHandle> {
  const handle = await open(file, READ_NO_LINK);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new TypeError(`Expected a plain file to take over, got ${file}`);
    if (found.size === 0) throw new RangeError(`Expected a file with bytes to take over, got ${file}, which is empty`);
    if (found.size > maxBytes) throw tooLarge(file, found.size, maxBytes);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function tooLarge(file: string, bytes: number, maxBytes: number): RangeError {
  return new RangeError(`Expected a file of at most ${maxBytes} bytes to take over, got ${file} with ${bytes}`);
}
