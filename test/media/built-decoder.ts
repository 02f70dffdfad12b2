// The decoder as its process needs it: JavaScript. Built from today's source, so that tests never meet a stale one.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SOURCES = fileURLToPath(new URL('../../src/media/', import.meta.url));
// Inside node_modules, so that `sharp` is found from there and nothing of it is ever committed.
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/animate-bot/', import.meta.url));

/** Resolves to a path for `createIntake({ decoderPath })`. */
export function builtDecoder(): Promise<string> {
  return builtModule('decoder');
}

/** A module of src/media with all of ours that it imports. */
export async function builtModule(name: 'decoder' | 'decoder-process'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(SOURCES, `${name}.ts`)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    write: false,
  });
  const file = path.join(FOLDER, `${name}.mjs`);
  // Test files run in parallel and all build it: each sees the old file or the whole new one.
  const part = path.join(FOLDER, `${name}.${process.pid}.${performance.now()}.part`);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(part, outputFiles[0]?.contents ?? '');
  await rename(part, file);
  return file;
}
