// What is installed is what was locked: every package from a registry, with a hash of its bytes.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  bundled?: boolean;
  inBundle?: boolean;
}

const lock = JSON.parse(read('package-lock.json')) as { lockfileVersion: number; packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

test('every npm package has a strong hash, and comes from a registry by HTTPS', () => {
  expect(packages.length).toBeGreaterThan(100);
  const wrong = packages.filter(([, { resolved, integrity, link, inBundle }]) => {
    if (inBundle) return false;
    return link || !integrity?.startsWith('sha512-') || (resolved !== undefined && !resolved.startsWith('https://'));
  });
  expect(wrong.map(([path]) => path)).toEqual([]);
});

test('no npm package comes from git, a file or an address', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const asked = { ...manifest.dependencies, ...manifest.devDependencies };
  expect(Object.entries(asked).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(packages.filter(([, { resolved = '' }]) => /^(git|file|http:)|\.git(#|$)/.test(resolved))).toEqual([]);
});

test('every Python package is pinned with hashes', () => {
  const lists = readdirSync(fileURLToPath(new URL('python/', root))).filter((name) =>
    /^requirements.*\.txt$/.test(name),
  );
  expect(lists.length).toBeGreaterThan(3);
  for (const list of [...lists.map((name) => `python/${name}`), 'docker/requirements.txt']) {
    const entries = read(list)
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => /^[A-Za-z-]/.test(line));
    expect(entries.length, list).toBeGreaterThan(0);
    for (const entry of entries) expect(entry, list).toMatch(/^[\w.-]+(\[[\w,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}/);
  }
});
