// What a release brings and is held to: base images by digest, and one list of everything that is locked.
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, run } from '../fakes/roles.ts';

const NAMED = ['docker/Dockerfile', 'docker/worker.Dockerfile', 'docker/docker-compose.yml'];
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

let folder: string;

/** A checkout with a Docker that knows the digest of what it has pulled. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-release-'));
  await cp(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  for (const file of NAMED) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(root, file), join(folder, file));
  }
  await pretendDocker(`"\${name%%:*}@${DIGEST}"`);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function pretendDocker(digests: string): Promise<void> {
  const docker = join(folder, 'bin', 'docker');
  await mkdir(dirname(docker), { recursive: true });
  const script = `#!/bin/sh
for name; do :; done
case "$1" in
pull) echo "$name" >> '${folder}/pulled' ;;
image) grep -qx "$name" '${folder}/pulled' && printf '["elsewhere/mirror@sha256:0","%s"]' ${digests} ;;
esac
`;
  await writeFile(docker, script);
  await chmod(docker, 0o755);
}

const images = (verb: string) =>
  run(process.execPath, [join(folder, 'scripts', 'images.mjs'), verb], {
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
  });

const linesOf = async (pattern: RegExp): Promise<string[]> => {
  const texts = await Promise.all(NAMED.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => pattern.test(line));
};

test('a release is refused while an image has no digest, with its file and what to do', async () => {
  await writeFile(join(folder, 'docker', 'worker.Dockerfile'), 'ARG NODE_IMAGE=node:24-bookworm-slim\n');
  const { code, stderr } = await images('check');
  expect(code).toBe(1);
  expect(stderr).toContain(
    'docker/worker.Dockerfile: expected node:24-bookworm-slim@sha256:…, got no digest; `npm run images:pin` writes it\n',
  );
});

test('pinning writes the digest beside each tag, and nothing else, and may be done again', async () => {
  const before = await linesOf(/./);
  expect(await images('pin')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`redis:7-bookworm@${DIGEST}\n`),
  });
  const after = await linesOf(/./);
  expect(after.map((line) => line.replace(`@${DIGEST}`, ''))).toEqual(
    before.map((line) => line.replace(/@sha256:[0-9a-f]{64}/, '')),
  );
  expect(await images('check')).toMatchObject({ code: 0, stderr: '' });
  await images('pin');
  expect(await linesOf(/./)).toEqual(after);
});

test('every image that others make is among those that are pinned', async () => {
  await images('pin');
  const ours = /animate-bot-(render|worker)/;
  const others = (await linesOf(/^(ARG \w*IMAGE=| *image: |FROM )/)).filter((line) => !ours.test(line));
  const used = others.filter((line) => !/^FROM \$\{(BASE|NODE|RENDER)_IMAGE\}/.test(line));
  expect(used.length).toBeGreaterThan(3);
  expect(used.filter((line) => !line.endsWith(`@${DIGEST}`))).toEqual([]);
});

test('an image that Docker cannot get, or knows no digest of, is told and changes nothing', async () => {
  const before = await linesOf(/./);
  await pretendDocker('nothing');
  const { code, stderr } = await images('pin');
  expect(code).toBe(1);
  expect(stderr).toContain('Expected a digest of python:3.12-slim-bookworm from Docker');
  await writeFile(join(folder, 'bin', 'docker'), '#!/bin/sh\necho "no such host" >&2\nexit 1\n');
  expect(await images('pin')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('`docker pull --quiet python:3.12-slim-bookworm` failed: no such host'),
  });
  expect(await linesOf(/./)).toEqual(before);
});

interface Component {
  name: string;
  version: string;
  purl: string;
  hashes?: { alg: string; content: string }[];
  externalReferences?: { hashes?: { alg: string; content: string }[] }[];
}

test('the list of a release holds every locked package, with its address as a package and its hashes', async () => {
  await mkdir(join(folder, 'runtime'));
  await mkdir(join(folder, 'python'));
  const python = [
    'requirements',
    ...['dev', 'engines', 'moderation', 'torch', 'torch-cuda'].map((name) => `requirements-${name}`),
  ];
  const lists = [
    ...python.map((name) => `python/${name}.txt`),
    'docker/requirements.txt',
    'docker/requirements-torch.txt',
  ];
  const locks = ['package-lock.json', 'runtime/package-lock.json'];
  for (const file of [...lists, ...locks, 'package.json', 'runtime/package.json'])
    await cp(join(root, file), join(folder, file));
  const { code, stderr } = await run(process.execPath, [join(folder, 'scripts', 'sbom.mjs')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  const bom = JSON.parse(await readFile(join(folder, 'sbom.cdx.json'), 'utf8'));
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'animate-bot' } } });
  const found = new Map((bom.components as Component[]).map((component) => [component.purl, component]));
  expect(found.size).toBe(bom.components.length);
  const hashesOf = (purl: string): string[] => {
    const { hashes = [], externalReferences = [] } = found.get(purl) ?? {};
    return [...hashes, ...externalReferences.flatMap((each) => each.hashes ?? [])].map(({ content }) => content);
  };

  const missing: string[] = [];
  const look = (purl: string, hashes: string[]): void => {
    if (hashes.some((hash) => !hashesOf(purl).includes(hash)) || hashes.length === 0) missing.push(purl);
  };
  for (const lock of locks) {
    const { packages } = JSON.parse(await readFile(join(root, lock), 'utf8'));
    for (const [path, { version, integrity, name }] of Object.entries<Record<string, string>>(packages)) {
      if (path === '') continue;
      const [, own = ''] = /^.*node_modules\/(.+)$/.exec(path) ?? [];
      const hash = Buffer.from(integrity?.replace('sha512-', '') ?? '', 'base64').toString('hex');
      look(`pkg:npm/${(name ?? own).replace('@', '%40')}@${version}`, [hash]);
    }
  }
  for (const list of lists) {
    const text = (await readFile(join(root, list), 'utf8')).replaceAll('\\\n', ' ');
    for (const line of text.split('\n').filter((each) => /^[a-z]/i.test(each))) {
      const [name = '', version = ''] = line.split(/==|\s/);
      const purl = `pkg:pypi/${name.toLowerCase().replaceAll(/[._]/g, '-')}@${encodeURIComponent(version)}`;
      look(
        purl,
        Array.from(line.matchAll(/sha256:([0-9a-f]{64})/g), ([, hash]) => hash ?? ''),
      );
    }
  }
  expect(missing).toEqual([]);
  expect(found.size).toBeGreaterThan(600);
  expect(Array.from(found.keys()).filter((purl) => purl.startsWith('pkg:docker/')).length).toBe(4);
});
