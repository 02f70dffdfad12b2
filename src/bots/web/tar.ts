// Files in one stream, as `tar` reads them: a block of 512 bytes that names each file, then its bytes, filled up to whole blocks.
import type { Readable } from 'node:stream';

const BLOCK_BYTES = 512;

export interface TarEntry {
  /** A path of ASCII with a folder; the last part is at most 100 characters. */
  name: string;
  size: number;
  bytes: Readable | Buffer;
}

export async function* toTar(entries: AsyncIterable<TarEntry>): AsyncGenerator<Buffer> {
  for await (const { name, size, bytes } of entries) {
    yield headerOf(name, size);
    if (Buffer.isBuffer(bytes)) yield bytes;
    else for await (const chunk of bytes) yield chunk as Buffer;
    yield Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

/** Numbers are octal and end in NUL; the sum of all bytes is taken while its own place holds spaces. */
function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const slash = name.lastIndexOf('/');
  header.write(name.slice(slash + 1), 0, 100, 'ascii');
  header.write('0000600\0', 100);
  header.write('0000000\0'.repeat(2), 108);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${'0'.repeat(11)}\0`, 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  header.write(name.slice(0, slash), 345, 155, 'ascii');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
