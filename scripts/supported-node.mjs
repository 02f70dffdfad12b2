// Which Node everything runs with: this machine's own where we support it, else the LTS of runtime/package-lock.json, which is
// fetched once, by its hash. Uses nothing but Node, and runs on 20.19.
// `node scripts/supported-node.mjs` prints the folder that it lies in, for a PATH.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopWhenOrphaned } from './orphaned.mjs';

/** As in package.json and src/node-version.ts. */
const SUPPORTED = [
  [22, 18],
  [24, 0],
];
const SUPPORTED_FROM = 26;
/** What can bring another. */
const OLDEST = [20, 19];
const INSTALL = 'Install Node 24 from https://nodejs.org or with your package manager.';

const runtime = fileURLToPath(new URL('../runtime/', import.meta.url));
const own = process.versions.node;
const [major, minor] = own.split('.').map(Number);

/** Returns in a Node that we support. In another, this same command is run by one that we do, and this process ends as that does. */
export async function continueInSupportedNode() {
  if (isOwnSupported()) return;
  const node = broughtNode();
  // Before there is one to pass them on to, or a signal in between would leave it alone behind.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    // npm and the programs of node_modules/.bin look for it there.
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) },
  });
  stopWhenOrphaned();
  const [code, signal] = await once(child, 'exit');
  process.exit(code ?? 128 + constants.signals[signal]);
}

function isOwnSupported() {
  return major >= SUPPORTED_FROM || SUPPORTED.some(([line, least]) => major === line && minor >= least);
}

function broughtNode() {
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    end(`Expected Node ${OLDEST.join('.')} or newer, got ${own}. ${INSTALL}`);
  }
  // Of npm's package `node`, which would fetch it without a hash.
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = [prefix, process.platform, process.arch].join('-');
  const lock = readFileSync(join(runtime, 'package-lock.json'), 'utf8');
  const locked = JSON.parse(lock).packages[`node_modules/${name}`];
  if (!locked)
    end(
      `Node ${own} is not supported, and there is none to bring for ${process.platform} on ${process.arch}. ${INSTALL}`,
    );
  say(`Running with Node ${locked.version} of our own, for this machine's ${own} is not supported`);
  const node = join(runtime, 'node_modules', name, 'bin', 'node');
  const stamp = join(runtime, 'node_modules', '.animate-bot');
  const hash = createHash('sha256').update(lock).digest('hex');
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return node;
  install(node, locked.version);
  writeFileSync(stamp, hash);
  return node;
}

/** What has another hash than the locked one, npm leaves out without a word, as it does with everything optional. */
function install(node, version) {
  say('Fetching it, once');
  const args = ['ci', '--prefix', runtime, '--include=optional', '--ignore-scripts', '--no-fund', '--no-audit'];
  const { status, error } = spawnSync('npm', [...args, '--loglevel=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) end(`npm could not fetch Node ${version}${error ? `: ${error.message}` : ''}. ${INSTALL}`);
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (stdout?.trim() === `v${version}`) return;
  end(`Node ${version} was fetched, but did not have the locked hash or does not run on this machine. ${INSTALL}`);
}

const say = (text) => process.stderr.write(`${text} …\n`);

function end(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${dirname(isOwnSupported() ? process.execPath : broughtNode())}\n`);
}
