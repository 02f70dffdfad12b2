// What a machine that lacks something is told by the setup: one sentence that names it.
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../fakes/roles.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FILES = [
  'scripts/setup.mjs',
  'scripts/start.mjs',
  'package.json',
  'package-lock.json',
  'python/requirements.txt',
];

let folder: string;

/** A checkout whose npm packages are there already, on a machine whose PATH holds nothing but what a test puts there. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-setup-'));
  for (const name of ['scripts', 'python', 'node_modules', 'bin']) await mkdir(join(folder, name));
  for (const file of FILES) await copyFile(join(root, file), join(folder, file));
  const lock = createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex');
  await writeFile(join(folder, 'node_modules', '.animate-bot'), `production ${lock}`);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function pretendPython(name: string, version: string, hasVenv: boolean): Promise<void> {
  const file = join(folder, 'bin', name);
  const script = `#!/bin/sh
case "$*" in
*version_info*) echo "${version}" ;;
*) ${hasVenv ? 'exit 0' : "echo 'ensurepip is not available.'; exit 1"} ;;
esac
`;
  await writeFile(file, script);
  await chmod(file, 0o755);
}

const start = (nodeArgs: string[] = []) =>
  run(process.execPath, [...nodeArgs, join(folder, 'scripts', 'start.mjs')], { env: { PATH: join(folder, 'bin') } });

test('a Python without its venv module is told with the package of just that version', async () => {
  await pretendPython('python3', '3 12', false);
  expect(await start()).toMatchObject({
    code: 1,
    stderr: '\nThe venv module of python3 is missing. Debian, Ubuntu: sudo apt-get install python3.12-venv\n',
  });
});

test('a Python that is too old is told with what was found', async () => {
  await pretendPython('python3', '3 9', true);
  const { code, stderr } = await start();
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^Expected Python 3\.11 or newer, found 3\.9 \(python3\)\. .*python3-venv.*$/);
});

test('a machine without Python is told what to install', async () => {
  const { code, stderr } = await start();
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^Expected Python 3\.11 or newer, found none\. .*install python3 python3-venv.*$/);
});

test('a Node that is too old is told with what was found', async () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`;
  const { code, stderr } = await start(['--import', `data:text/javascript,${encodeURIComponent(pretend)}`]);
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^Expected Node 20\.19 or newer, got 18\.20\.4\. .*$/);
});
