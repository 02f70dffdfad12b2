// Bundles the chat page into dist/page, or into the folder given as the only argument.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'src/bots/web/page');

/** The sources go out with a page in development alone. */
const bundled = (into, isDevelopment = false) => ({
  entryPoints: [
    { in: join(page, 'main.tsx'), out: 'app' },
    { in: join(page, 'admin.tsx'), out: 'admin' },
    { in: join(page, 'app.css'), out: 'app' },
  ],
  outdir: into,
  bundle: true,
  minify: !isDevelopment,
  sourcemap: isDevelopment,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
  tsconfig: join(page, 'tsconfig.json'),
  logLevel: 'warning',
});

export async function buildPage(into = join(root, 'dist/page')) {
  await copyDocuments(into);
  await build(bundled(into));
}

/** Bundles it anew whenever one of its sources changes, until this process ends. */
export async function watchPage(into = join(root, 'dist/page')) {
  await copyDocuments(into);
  const watched = await context(bundled(into, true));
  await watched.watch();
}

async function copyDocuments(into) {
  await mkdir(into, { recursive: true });
  for (const name of ['index.html', 'admin.html', 'favicon.svg']) await copyFile(join(page, name), join(into, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2]);
