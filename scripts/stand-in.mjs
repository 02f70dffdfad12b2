// The tests' stand-in for Discord, for benchmarks and pictures: it is TypeScript, so it is built first.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

export async function loadDiscord() {
  const { build } = await import('esbuild');
  const folder = join(root, 'node_modules', '.cache', 'animate-bot');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'discord.mjs');
  await build({
    entryPoints: [join(root, 'test', 'fakes', 'discord', 'discord.ts')],
    ...{ outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' },
  });
  return import(pathToFileURL(outfile));
}
