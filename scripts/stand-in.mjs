// The tests' stand-ins for chat services, for benchmarks and pictures: they are TypeScript, so they are built first.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

export const loadDiscord = () => loadStandIn('discord');
export const loadSlack = () => loadStandIn('slack');

async function loadStandIn(name) {
  const { build } = await import('esbuild');
  const folder = join(root, 'node_modules', '.cache', 'animate-bot');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'test', 'fakes', name, `${name}.ts`)],
    ...{ outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' },
  });
  return import(pathToFileURL(outfile));
}
