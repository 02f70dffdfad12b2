// Is it still the process that was written down?
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { commandLineOf } from '../../src/gpu/command-line.ts';

test.each([
  ['on Linux', '/proc'],
  ['where there is no /proc, as on macOS', '/no/such/folder'],
])('%s a process is known by its command, and one that has ended is not there', async (_where, proc) => {
  const child = spawn('sleep', ['4711'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  expect((await commandLineOf(pid, proc))?.replace('\0', ' ')).toContain('sleep 4711');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(await commandLineOf(pid, proc)).toBeUndefined();
});
