// `npm run campaign -- --jobs 1000 --seed N`: builds the server and the campaign of test/campaign, and runs it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as buildServer, root, setUp } from './setup.mjs';

setUp({ isForDevelopment: true });
buildServer();
// Imported only now: a fresh machine has just been set up.
const { build } = await import('esbuild');
// Two folders down, as test/fakes is: the stand-ins find the server from there.
const outfile = join(root, 'node_modules', '.cache', 'campaign.mjs');
await build({
  entryPoints: [join(root, 'test', 'campaign', 'main.ts')],
  ...{ outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' },
});
await import(pathToFileURL(outfile));
