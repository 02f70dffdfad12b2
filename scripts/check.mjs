// `npm run check`: format and lint, types, import directions and cycles, in TypeScript and in Python. `npm run check:fix` mends
// what can be mended without a thought, first.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { python, root } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const inPython = { cwd: join(root, 'python') };

const checks = [
  ['format and lint', bin('biome'), ['check', '.']],
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  ['types of the page', bin('tsc'), ['-p', 'src/bots/web/page/tsconfig.json']],
  ['import directions and cycles', bin('depcruise'), ['src', '--config', '.dependency-cruiser.cjs']],
  ['unused files and dependencies', bin('knip'), ['--include', 'files,dependencies,unlisted']],
  ['Python format', python, ['-m', 'ruff', 'format', '--check', '.'], inPython],
  ['Python lint', python, ['-m', 'ruff', 'check', '.'], inPython],
  ['Python types', python, ['-m', 'mypy'], inPython],
];

const fixes = [
  [bin('biome'), ['check', '--write', '.']],
  [python, ['-m', 'ruff', 'format', '.'], inPython],
  [python, ['-m', 'ruff', 'check', '--fix', '.'], inPython],
];

/** Runs every check, also after one failed. Resolves to the number of each. */
export function runChecks() {
  let passed = 0;
  for (const [name, program, args, options] of checks) {
    const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name}\n`);
    if (status === 0) passed += 1;
  }
  return { passed, failed: checks.length - passed };
}

if (process.argv[1]?.endsWith('check.mjs')) {
  if (process.argv.includes('--fix')) {
    for (const [program, args, options] of fixes) {
      spawnSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], ...options });
    }
  }
  process.exitCode = runChecks().failed === 0 ? 0 : 1;
}
