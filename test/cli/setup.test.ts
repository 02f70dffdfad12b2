// What a machine that lacks something is told by the setup: one sentence that names it.
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main, type RunOptions, run } from '../fakes/roles.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FILES = [
  'scripts/orphaned.mjs',
  'scripts/setup.mjs',
  'scripts/supported-node.mjs',
  'scripts/start.mjs',
  'package.json',
  'package-lock.json',
  'runtime/package-lock.json',
  'python/requirements.txt',
];

let folder: string;

/** A checkout whose npm packages are there already, on a machine whose PATH holds nothing but what a test puts there. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-setup-'));
  for (const name of ['scripts', 'runtime', 'python', 'node_modules', 'bin']) await mkdir(join(folder, name));
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

const start = (nodeArgs: string[] = [], onOutput: RunOptions['onOutput'] = () => undefined) =>
  run(process.execPath, [...nodeArgs, join(folder, 'scripts', 'start.mjs')], {
    env: { PATH: join(folder, 'bin') },
    onOutput,
  });

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

const onNode = (version: string): string[] => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
};

test('a Node that is too old to bring another is told with what was found', async () => {
  const { code, stderr } = await start(onNode('18.20.4'));
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^Expected Node 20\.19 or newer, got 18\.20\.4\. Install Node 24 .*$/);
});

describe('where the machine’s own Node is not supported', () => {
  const brought = (): string => {
    const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
    return join(folder, 'runtime', 'node_modules', `${prefix}-${process.platform}-${process.arch}`, 'bin', 'node');
  };

  async function write(file: string, script: string): Promise<void> {
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }

  /** An npm that puts a Node there, which says that it is `version` and otherwise runs `script`. */
  async function pretendNpm({ version = lockedVersion, script = 'exit 0' } = {}): Promise<void> {
    const node = `#!/bin/sh\n[ "$1" = --version ] && echo v${version} && exit\n${script}\n`;
    await writeFile(join(folder, 'node'), node);
    const copy = `/bin/mkdir -p '${dirname(brought())}'; /bin/cp '${join(folder, 'node')}' '${brought()}'; /bin/chmod 755 '${brought()}'`;
    await write(join(folder, 'bin', 'npm'), `echo "npm $*" >&2\n${copy}`);
  }

  let lockedVersion: string;
  beforeEach(async () => {
    const lock = JSON.parse(await readFile(join(root, 'runtime', 'package-lock.json'), 'utf8'));
    lockedVersion = lock.packages[brought().slice(join(folder, 'runtime').length + 1, -'/bin/node'.length)].version;
  });

  test('one is brought, once, and the same command runs in it, with it first on the PATH, and ends as it does', async () => {
    await pretendNpm({ script: 'echo "$PATH $*"; exit 3' });
    const first = await start(onNode('20.20.2'));
    expect(first.code).toBe(3);
    const [path, ...words] = first.stdout.trim().split(' ');
    expect(path).toBe(`${dirname(brought())}:${join(folder, 'bin')}`);
    expect(words.at(-1)).toBe(join(folder, 'scripts', 'start.mjs'));
    expect(first.stderr).toContain(
      `Running with Node ${lockedVersion} of our own, for this machine's 20.20.2 is not supported`,
    );
    expect(first.stderr).toMatch(/npm ci .*--ignore-scripts/);
    const second = await start(onNode('20.20.2'));
    expect(second.code).toBe(3);
    expect(second.stderr.trim().split('\n')).toEqual([expect.stringMatching(/^Running with Node .* …$/)]);
  });

  test.each(['23.11.1', '25.1.0'])('Node %s, which nobody mends, is not run with either', async (version) => {
    await pretendNpm({ script: 'exit 4' });
    expect((await start(onNode(version))).code).toBe(4);
  });

  test('one that npm left out for its hash, or that does not run here, is told', async () => {
    await write(join(folder, 'bin', 'npm'), 'exit 0');
    const { code, stderr } = await start(onNode('20.20.2'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/did not have the locked hash or does not run on this machine\. Install Node 24 /);
    await pretendNpm({ version: '24.0.0' });
    expect((await start(onNode('20.20.2'))).stderr).toContain('did not have the locked hash');
  });

  test('a machine that npm cannot fetch it on is told what to install', async () => {
    await write(join(folder, 'bin', 'npm'), 'echo "npm error network" >&2; exit 1');
    const { code, stderr } = await start(onNode('20.20.2'));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /npm error network\n\nnpm could not fetch Node .*\. Install Node 24 from https:\/\/nodejs\.org/,
    );
  });

  test('a signal goes on to what runs in it', async () => {
    await pretendNpm({ script: `trap 'echo stopped; exit 5' TERM\necho ready\nwhile :; do /bin/sleep 0.1; done` });
    const { code, stdout } = await start(onNode('20.20.2'), (child, text) => {
      if (text.includes('ready') && !child.killed) child.kill('SIGTERM');
    });
    expect({ code, stdout }).toEqual({ code: 5, stdout: 'ready\nstopped\n' });
  });

  test('the built program says how to run it', async () => {
    const { code, stderr } = await run(process.execPath, [...onNode('20.20.2'), main, '--version']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^Expected Node 22\.18 .*, got 20\.20\.2\. `npm start --` in the place of .* brings one\.\n$/,
    );
  });
});
