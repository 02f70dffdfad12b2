// The seam where pictures and clips are kept. Callers know keys, never paths or buckets.
import type { Readable } from 'node:stream';

/** Bytes from `start` to `end`, both counted from 0 and both included, as in an HTTP Range header. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface StoredFile {
  /** Of the whole file, also when only a range of it is read. */
  size: number;
  stream: Readable;
}

/** Bytes to keep, or a finished file to copy; the caller removes the original when nothing can need it any more. */
export type StoreSource = Buffer | { file: string };

/** How a store is. A bucket has no end; a folder shares its disk with others. */
export type StoreState = { kind: 'folder'; freeBytes: number; totalBytes: number } | { kind: 'bucket' };

export interface Store {
  /** Readers see the old file or the whole new one, never a part. */
  write(key: string, source: StoreSource): Promise<void>;
  /** Resolves to undefined when there is no such file; throws a RangeError when the range starts past its end. */
  read(key: string, range?: ByteRange): Promise<StoredFile | undefined>;
  /** Resolves to undefined when there is no such file. */
  size(key: string): Promise<number | undefined>;
  /** A file that is already gone counts as removed. */
  remove(key: string): Promise<void>;
  /** Every file of ours, in no order. */
  list(): AsyncIterable<{ key: string; modifiedAt: number }>;
  /** An address that opens this file, and no other, for whoever has it, for so long; undefined where the store has none. */
  link(key: string, seconds: number): Promise<string | undefined>;
  /** Throws what is in the way when it cannot be had. */
  examine(): Promise<StoreState>;
}

// No dots or slashes beyond these, so that a key can be a path, an S3 key and part of a URL without escaping.
const STORE_KEY = /^[a-z]{1,32}\/[A-Za-z0-9_-]{1,128}\.(png|mp4)$/;

/** Whether text that came from outside (a URL, say) can be asked of a store at all. */
export function isStoreKey(text: string): boolean {
  return STORE_KEY.test(text);
}

export function requireStoreKey(key: string): void {
  if (!isStoreKey(key)) {
    throw new TypeError(
      `Expected a store key like \`pictures/<id>.png\` or \`clips/<id>.mp4\`, got ${JSON.stringify(key)}`,
    );
  }
}

/** The last byte that a range asks for, which may lie past the file's end; a start past the end is an error. */
export function requireRange({ start, end }: ByteRange, size: number): { start: number; end: number } {
  const last = Math.min(end ?? size - 1, size - 1);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(last) || start < 0 || start > last) {
    throw new RangeError(`Expected a range within ${size} bytes, got ${start} to ${end ?? 'the end'}`);
  }
  return { start, end: last };
}
