// `npm test`: sets the machine up, then checks, TypeScript tests and Python tests; closes with one line that counts them all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python, root, setUp } from './setup.mjs';

setUp({ isForDevelopment: true });
// Imported only now: a fresh machine has just been set up.
const { runChecks } = await import('./check.mjs');

const reports = mkdtempSync(join(tmpdir(), 'animate-bot-reports-'));
const counts = [runChecks(), runVitest(), runPytest()];
rmSync(reports, { recursive: true });

const total = (key) => counts.reduce((sum, count) => sum + (count[key] ?? 0), 0);
const skipped = total('skipped');
// What is skipped for want of something proves nothing: in CI it counts as a failure.
const failed = total('failed') + (process.env.CI ? skipped : 0);
process.stdout.write(`\n${total('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;

function runVitest() {
  const report = join(reports, 'vitest.json');
  const args = ['run', '--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'vitest'), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
    // A file that cannot be loaded fails the run without failing a test.
    const failed = numFailedTests > 0 || status === 0 ? numFailedTests : 1;
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function runPytest() {
  const report = join(reports, 'pytest.xml');
  const { status } = spawnSync(python, ['-m', 'pytest', `--junitxml=${report}`], {
    cwd: join(root, 'python'),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    const suite = /<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '';
    const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    return {
      passed: count('tests') - failed - count('skipped'),
      failed: failed > 0 || status === 0 ? failed : 1,
      skipped: count('skipped'),
    };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
