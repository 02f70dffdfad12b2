// Who signs the clips of an installation: one key, made once, that nobody else can read.
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAnchors, readIdentity } from '../../src/media/identity.ts';
import { makeIdentity } from '../fakes/marks.ts';

let data: string;
let folder: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'animate-identity-'));
  folder = join(data, 'identity');
});
afterEach(() => rm(data, { recursive: true }));

test('it is made once, also by two that start at the same time, and for our user alone', async () => {
  const [one, two] = await Promise.all([makeIdentity(folder), makeIdentity(folder)]);
  expect(one.name).toMatch(/^Installation [0-9a-f]{8}$/);
  expect([two.name, (await makeIdentity(folder)).name, (await readIdentity(folder))?.name]).toEqual(
    Array(3).fill(one.name),
  );
  expect(await readdir(data)).toEqual(['identity']);
  for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('its certificates are what C2PA asks for, and last for twenty years', async () => {
  const { certificates, name } = await makeIdentity(folder);
  const [own, authority] = certificates
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((pem) => new X509Certificate(pem));
  expect(own?.ca).toBe(false);
  expect(own?.subject).toBe(`O=animate-bot\nCN=${name}`);
  expect(authority?.ca).toBe(true);
  expect(own?.checkIssued(authority as X509Certificate)).toBe(true);
  expect(new Date(own?.validTo ?? 0).getFullYear() - new Date().getFullYear()).toBeGreaterThanOrEqual(19);
});

test('it signs what C2PA has signed, and nothing else', async () => {
  const { certificates, sign } = await makeIdentity(folder);
  const question = Buffer.from('\x84\x6aSignature1 and what follows', 'latin1');
  const key = createPublicKey(certificates);
  expect(verify('sha256', question, { key, dsaEncoding: 'ieee-p1363' }, sign(question))).toBe(true);
  expect(() => sign(Buffer.from('a challenge of some other service'))).toThrow(/COSE Sig_structure/);
});

test('a folder whose key is lost is a fault, and no reason to become somebody else', async () => {
  await makeIdentity(folder);
  await rm(join(folder, 'key.pem'));
  await expect(makeIdentity(folder)).rejects.toThrow(
    /Expected a key and its certificates in .*Put them back from a backup/,
  );
  await writeFile(join(folder, 'key.pem'), 'no key');
  await expect(readIdentity(folder)).rejects.toThrow(/move the folder away/);
});

test('certificates of an earlier key, or of another bot, are trusted where they are put', async () => {
  await makeIdentity(folder);
  await rename(folder, join(data, 'earlier'));
  await makeIdentity(folder);
  expect(await readAnchors(folder)).toHaveLength(1);
  await mkdir(join(folder, 'trusted'));
  await copyFile(join(data, 'earlier', 'certificates.pem'), join(folder, 'trusted', 'earlier.pem'));
  const anchors = await readAnchors(folder);
  expect(anchors).toHaveLength(2);
  const earlier = await readFile(join(data, 'earlier', 'certificates.pem'), 'utf8');
  expect(earlier).toContain(anchors[1]);
  expect(await readAnchors(join(data, 'none'))).toEqual([]);
});
