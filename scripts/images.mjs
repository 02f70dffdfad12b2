// The images that others make and ours stand on, wherever they are named. `npm run images:pin` writes beside each tag the digest that
// Docker has for it now, for which it needs a registry; `npm run release` refuses names without one.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

export const FILES = ['docker/Dockerfile', 'docker/worker.Dockerfile', 'docker/docker-compose.yml'];

/** What has no tag is made here: animate-bot-render, animate-bot-worker. */
const NAMED = /^(ARG [A-Z_]*IMAGE=| *image: )([\w./-]+:[\w.-]+)(?:@(sha256:[0-9a-f]{64}))?$/gm;

export function namedImages() {
  return FILES.flatMap((file) =>
    Array.from(readFileSync(join(root, file), 'utf8').matchAll(NAMED), ([, , name, digest]) => ({
      file,
      name,
      digest,
    })),
  );
}

function pin() {
  const digests = new Map();
  for (const { name } of namedImages()) if (!digests.has(name)) digests.set(name, digestOf(name));
  for (const file of FILES) {
    const path = join(root, file);
    const write = (_line, before, name) => `${before}${name}@${digests.get(name)}`;
    writeFileSync(path, readFileSync(path, 'utf8').replace(NAMED, write));
  }
  for (const [name, digest] of digests) process.stdout.write(`${name}@${digest}\n`);
}

/** Of the whole image with all its systems, not of this machine's part. */
function digestOf(name) {
  docker('pull', '--quiet', name);
  const [repository] = name.split(':');
  const known = JSON.parse(docker('image', 'inspect', '--format', '{{json .RepoDigests}}', name));
  const found = known.map((each) => each.split('@')).find(([of]) => of === repository || of.endsWith(`/${repository}`));
  if (!found) throw new Error(`Expected a digest of ${name} from Docker, got ${JSON.stringify(known)}`);
  return found[1];
}

function docker(...args) {
  const { status, stdout, stderr, error } = spawnSync('docker', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`\`docker ${args.join(' ')}\` failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

function check() {
  const unpinned = namedImages().filter(({ digest }) => digest === undefined);
  for (const { file, name } of unpinned) {
    process.stderr.write(`${file}: expected ${name}@sha256:…, got no digest; \`npm run images:pin\` writes it\n`);
  }
  return unpinned.length === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'pin') pin();
  else process.exitCode = check() ? 0 : 1;
}
