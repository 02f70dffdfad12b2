// A file that an engine made is read within bounds, whatever the engine does to it meanwhile.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPlainFile } from '../../src/media/plain-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plain-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a file that grows while it is read is refused as soon as it is too large', async () => {
  const file = join(folder, 'growing.mp4');
  await writeFile(file, Buffer.alloc(70_000));
  const read = async () => {
    let bytes = 0;
    for await (const chunk of readPlainFile(file, { maxBytes: 200_000 })) {
      bytes += chunk.length;
      await appendFile(file, Buffer.alloc(70_000));
    }
    return bytes;
  };
  await expect(read()).rejects.toThrow(RangeError);
});

test('a file that takes too long is given up', async () => {
  const file = join(folder, 'slow.mp4');
  await writeFile(file, Buffer.alloc(300_000));
  let now = 0;
  const read = async () => {
    for await (const _ of readPlainFile(file, { withinMs: 1000, now: () => now })) now += 600;
  };
  await expect(read()).rejects.toThrow('within 1 s');
});
