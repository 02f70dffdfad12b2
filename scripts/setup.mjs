// Brings a fresh machine to where the product runs: npm packages, a Python environment of our own, and the build.
// Uses nothing but Node, and does nothing again that was done for the same lock files.
// What imports it goes on in a Node that we support: see supported-node.mjs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { continueInSupportedNode } from './supported-node.mjs';

await continueInSupportedNode();

export const root = fileURLToPath(new URL('../', import.meta.url));
const venv = join(root, '.venv');
export const python = join(venv, 'bin', 'python');

const OLDEST_PYTHON = [3, 11];
const PYTHON_NAMES = ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3'];

/** A sentence for the terminal, without a stack. */
class SetupError extends Error {}

export function setUp({ isForDevelopment = false } = {}) {
  try {
    installNodePackages(isForDevelopment);
    installPythonPackages(isForDevelopment);
    build();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}

function installNodePackages(isForDevelopment) {
  const stamp = join(root, 'node_modules', '.animate-bot');
  const lock = hashOf('package-lock.json');
  const installed = readStamp(stamp);
  if (installed === `development ${lock}` || (!isForDevelopment && installed === `production ${lock}`)) return;
  say('Installing npm packages');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error', ...(isForDevelopment ? [] : ['--omit=dev'])]);
  writeFileSync(stamp, `${isForDevelopment ? 'development' : 'production'} ${lock}`);
}

function installPythonPackages(isForDevelopment) {
  installPythonList('python/requirements.txt');
  installPythonList('python/requirements-mark.txt');
  if (isForDevelopment || isClassifierWanted()) installPythonList('python/requirements-moderation.txt');
  if (!isForDevelopment) return;
  if (!isInstalled('python/requirements-torch.txt')) takeTorchFromHere();
  for (const name of ['torch', 'dev', 'engines']) installPythonList(`python/requirements-${name}.txt`);
  if (isTorchForCuda()) installPythonList('python/requirements-torch-cuda.txt');
}

const stampOf = (list) => join(venv, `.animate-bot-${list.replaceAll('/', '-')}`);
const isInstalled = (list) => existsSync(python) && readStamp(stampOf(list)) === hashOf(list);

function installPythonList(list) {
  if (isInstalled(list)) return;
  if (!existsSync(python)) makeVirtualEnvironment();
  say(`Installing Python packages (${list})`);
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
  run(python, ['-m', 'pip', 'install', ...options, '-r', list]);
  writeFileSync(stampOf(list), hashOf(list));
}

/** 130 MB that most installations do without. The file is read as `npm start` will read it, and nothing else of it is kept. */
function isClassifierWanted() {
  const { MODERATION_CLASSIFIER: given } = process.env;
  return (given ?? parseEnv(readStamp(join(root, '.env'))).MODERATION_CLASSIFIER) === 'nsfw';
}

/** A build that lies on this machine, where pip looks (PIP_FIND_LINKS), saves gigabytes; pip itself prefers what an index has. */
function takeTorchFromHere() {
  const [entry] =
    /^torch==(?:.*\\\n)*.*\n/m.exec(readFileSync(join(root, 'python', 'requirements-torch.txt'), 'utf8')) ?? [];
  const list = join(venv, 'torch-alone.txt');
  if (!existsSync(python)) makeVirtualEnvironment();
  writeFileSync(list, entry);
  const options = ['--quiet', '--no-deps', '--require-hashes', '--no-index'];
  // One that is not there, or is not one of the locked, is no fault: the index has it.
  spawnSync(python, ['-m', 'pip', 'install', ...options, '-r', list], { stdio: 'ignore' });
}

/** PyPI's build on Linux is. One for processors alone, where pip finds it (an index or a folder of the machine's own), is preferred. */
function isTorchForCuda() {
  const script = "import importlib.metadata as found; print(found.version('torch'))";
  const { stdout } = spawnSync(python, ['-c', script], { encoding: 'utf8' });
  return process.platform === 'linux' && !stdout.trim().endsWith('+cpu');
}

function makeVirtualEnvironment() {
  const found = PYTHON_NAMES.map((name) => ({ name, version: pythonVersion(name) })).filter(({ version }) => version);
  const recent = found.filter(({ version }) => isAtLeast(version, OLDEST_PYTHON));
  if (recent.length === 0) {
    const came = found.map(({ name, version }) => `${version.join('.')} (${name})`).join(', ') || 'none';
    throw new SetupError(
      `Expected Python ${OLDEST_PYTHON.join('.')} or newer, found ${came}. Debian 12, Ubuntu 24.04 or newer: sudo apt-get install python3 python3-venv; macOS: brew install python`,
    );
  }
  // Debian has a package for each version; asked first, because a venv that fails says it in many lines.
  const name = recent.map((each) => each.name).find(hasVenv);
  if (!name) {
    const [{ name: without, version }] = recent;
    throw new SetupError(
      `The venv module of ${without} is missing. Debian, Ubuntu: sudo apt-get install python${version.join('.')}-venv`,
    );
  }
  say(`Making a Python environment with ${name}`);
  const { status, stdout, stderr } = spawnSync(name, ['-m', 'venv', venv], { encoding: 'utf8' });
  if (status === 0) return;
  rmSync(venv, { recursive: true, force: true });
  throw new SetupError(`The Python environment could not be made:\n${stdout}${stderr}`);
}

function hasVenv(name) {
  return spawnSync(name, ['-c', 'import ensurepip, venv']).status === 0;
}

/** Undefined when there is no such program. */
function pythonVersion(name) {
  const { status, stdout } = spawnSync(name, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split(' ').map(Number) : undefined;
}

export function build() {
  const stamp = join(root, 'dist', '.built');
  const sources = ['src', 'scripts', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  const newest = Math.max(...sources.map((source) => newestChange(join(root, source))));
  if (Number(readStamp(stamp)) >= newest) return;
  say('Building');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  run(process.execPath, ['scripts/build-page.mjs']);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, String(newest));
}

function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  throw new SetupError(
    `\`${program} ${args.join(' ')}\` failed${error ? `: ${error.message}` : `, status ${status}`}. What it printed above says why.`,
  );
}

function isAtLeast([major = 0, minor = 0] = [], [leastMajor, leastMinor]) {
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

const hashOf = (file) =>
  createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex');
const readStamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const say = (text) => process.stderr.write(`${text} …\n`);
