// `npm run sbom`: sbom.cdx.json, all that is locked, with hashes, as CycloneDX: npm's packages as npm itself lists them, the Node that set-up
// brings, Python's packages by their lists, and the images that ours stand on.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { namedImages } from './images.mjs';
import { root } from './setup.mjs';

/** What `npm sbom` writes; npm takes the name of the folder for that of the package. */
const bom = listNpm('.');
bom.metadata.component.name = 'animate-bot';
bom.components.push(...listNpm('runtime').components, ...listPython(), ...listImages());
writeFileSync(join(root, 'sbom.cdx.json'), `${JSON.stringify(bom, undefined, 2)}\n`);
process.stdout.write(`sbom.cdx.json: ${bom.components.length} components\n`);

function listNpm(folder) {
  const args = ['sbom', '--prefix', join(root, folder), '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`\`npm ${args.join(' ')}\` failed:\n${stderr}`);
  return JSON.parse(stdout);
}

/** One component for each version; what lists it and the hashes of all its files are added up. */
function listPython() {
  const components = new Map();
  for (const list of ['python', 'docker'].flatMap(listsIn)) {
    const text = readFileSync(join(root, list), 'utf8').replaceAll('\\\n', ' ');
    for (const [, asked, version, rest] of text.matchAll(/^([\w.-]+)(?:\[[\w,]+\])?==(\S+)(.*)$/gm)) {
      const name = asked.toLowerCase().replaceAll(/[._-]+/g, '-');
      const purl = `pkg:pypi/${name}@${encodeURIComponent(version)}`;
      const known = components.get(purl) ?? { name, version, lists: [], hashes: new Set() };
      known.lists.push(list);
      for (const [, hash] of rest.matchAll(/--hash=sha256:([0-9a-f]{64})/g)) known.hashes.add(hash);
      components.set(purl, known);
    }
  }
  return Array.from(components, ([purl, { name, version, lists, hashes }]) => ({
    ...{ 'bom-ref': purl, type: 'library', name, version, purl },
    properties: lists.map((value) => ({ name: 'animate-bot:list', value })),
    // A version has a file for each system, and each of them is allowed.
    externalReferences: [
      {
        type: 'distribution',
        url: `https://pypi.org/project/${name}/${version}/#files`,
        hashes: Array.from(hashes, (content) => ({ alg: 'SHA-256', content })),
      },
    ],
  }));
}

function listsIn(folder) {
  const names = readdirSync(join(root, folder)).filter((name) => /^requirements.*\.txt$/.test(name));
  return names.map((name) => `${folder}/${name}`);
}

function listImages() {
  return namedImages().map(({ name, digest }) => {
    const [repository, tag] = name.split(':');
    const purl = `pkg:docker/${repository}@${encodeURIComponent(digest ?? tag)}${digest ? `?tag=${tag}` : ''}`;
    const hashes = digest ? [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }] : [];
    return { 'bom-ref': purl, type: 'container', name: repository, version: tag, purl, hashes };
  });
}
