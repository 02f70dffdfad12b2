// Who signs the clips of this installation: a key of its own, made once, and certificates that say whose it is. The key stays in this
// process; what is signed is made by a program that sees no file of ours.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationError } from '../errors.ts';
import { makeOwnFolder } from '../folders.ts';

export interface Identity {
  /** `Installation 1a2b3c4d`, by its key: what a reader of the mark is told. */
  name: string;
  /** In PEM, the key's own first. */
  certificates: string;
  /** Of what C2PA has signed (a COSE Sig_structure), and of nothing else. */
  sign(question: Buffer): Buffer;
}

/** Certificates for a public key, both in PEM. */
export type Certify = (publicKey: string, name: string) => Promise<string>;

const KEY = 'key.pem';
const CERTIFICATES = 'certificates.pem';
/** Certificates of keys that this installation had before, or of its other bots: their marks are its own, too. */
const TRUSTED = 'trusted';
const PEM = /-----BEGIN CERTIFICATE-----[\w+/=\s]+-----END CERTIFICATE-----/g;
/** An array whose first element is the text "Signature1": how each COSE Sig_structure begins. */
const SIG_STRUCTURE = Buffer.from('\x84\x6aSignature1', 'latin1');

export const identityFolderOf = (dataFolder: string): string => join(dataFolder, 'identity');

/** The one that is there, or a new one. A folder without its key is a fault: a new key would be another installation. */
export async function openIdentity(folder: string, certify: Certify): Promise<Identity> {
  return (await readIdentity(folder)) ?? (await makeIdentity(folder, certify));
}

/** Undefined where none was made yet. */
export async function readIdentity(folder: string): Promise<Identity | undefined> {
  try {
    if (!(await readdir(folder).catch(undefinedIfMissing))) return undefined;
    const key = createPrivateKey(await readFile(join(folder, KEY)));
    const certificates = await readFile(join(folder, CERTIFICATES), 'utf8');
    const [own] = certificates.match(PEM) ?? [];
    if (own === undefined || !new X509Certificate(own).checkPrivateKey(key))
      throw new Error('they do not belong together');
    return toIdentity(key, certificates);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Expected a key and its certificates in ${folder}, got none that can be used (${why}). Put them back from a backup, or move the folder away: the next start makes new ones.`;
    throw new OperationError('setup_missing', message, { isRetryable: false, cause: error });
  }
}

/** The authorities of this installation's certificates, those in use and those that are trusted beside them. */
export async function readAnchors(folder: string): Promise<string[]> {
  const trusted = (await readdir(join(folder, TRUSTED)).catch(undefinedIfMissing)) ?? [];
  const files = [CERTIFICATES, ...trusted.filter((name) => name.endsWith('.pem')).map((name) => join(TRUSTED, name))];
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8').catch(undefinedIfMissing)));
  const certificates = texts.flatMap((text) => text?.match(PEM) ?? []);
  return certificates.filter((certificate) => new X509Certificate(certificate).ca);
}

async function makeIdentity(folder: string, certify: Certify): Promise<Identity> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificates = await certify(publicPem(privateKey), nameOf(privateKey));
  await makeOwnFolder(dirname(folder));
  const made = await mkdtemp(`${folder}-`);
  try {
    const files = { [KEY]: privateKey.export({ type: 'pkcs8', format: 'pem' }), [CERTIFICATES]: certificates };
    for (const [name, text] of Object.entries(files))
      await writeFile(join(made, name), text, { mode: 0o600, flush: true });
    // A folder that is not empty is never replaced: of two that start at once, one makes it.
    await rename(made, folder);
    return toIdentity(privateKey, certificates);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    const other = await readIdentity(folder);
    if (other) return other;
    throw error;
  }
}

function toIdentity(key: KeyObject, certificates: string): Identity {
  return {
    name: nameOf(key),
    certificates,
    sign(question) {
      if (!question.subarray(0, SIG_STRUCTURE.length).equals(SIG_STRUCTURE)) {
        throw new TypeError('Expected a COSE Sig_structure to sign, got something else');
      }
      return sign('sha256', question, { key, dsaEncoding: 'ieee-p1363' });
    },
  };
}

const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

function nameOf(key: KeyObject): string {
  return `Installation ${createHash('sha256').update(publicPem(key)).digest('hex').slice(0, 8)}`;
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
