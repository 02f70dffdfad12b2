// Bundles the chat page into dist/page, or into the folder given as the only argument.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'src/bots/web/page');

export async function buildPage(into = join(root, 'dist/page')) {
  await mkdir(into, { recursive: true });
  await build({
    entryPoints: [
      { in: join(page, 'main.tsx'), out: 'app' },
      { in: join(page, 'admin.tsx'), out: 'admin' },
      { in: join(page, 'app.css'), out: 'app' },
    ],
    outdir: into,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    tsconfig: join(page, 'tsconfig.json'),
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'admin.html', 'favicon.svg']) await copyFile(join(page, name), join(into, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2]);
