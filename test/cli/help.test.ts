// What --help tells: every command, every option, and how each may end.
import { expect, test } from 'vitest';
import { main, run } from '../fakes/roles.ts';

const help = (...args: string[]) => run(process.execPath, [main, ...args, '--help']);

const COMMANDS: Record<string, string[]> = {
  start: [],
  bot: [],
  worker: [],
  probe: ['--alive'],
  render: ['--image', '--prompt', '--output', '--resolution', '--seconds', '--seed', '--negative', '--fit', '--frame'],
  models: [],
  quality: ['--precision', '--resolution', '--sheet'],
  discord: [],
  slack: [],
  page: ['--log-out', '--renew'],
  admin: ['--platform', '--undo', '--json'],
  verify: ['--json'],
  doctor: ['--json', '--quick'],
};

test('the help names every command and every exit code', async () => {
  const { code, stdout } = await help();
  expect(code).toBe(0);
  const named = [...stdout.matchAll(/^ {2}([a-z]+)(?: (?:\[\w+\]|<\w+>))* {2,}/gm)].map(([, name]) => name);
  expect(named).toEqual([...Object.keys(COMMANDS), 'help']);
  const codes = [...stdout.matchAll(/^ {2}(\d+) {2}/gm)].map(([, each]) => Number(each));
  expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
});

test.each(Object.entries(COMMANDS))('the help of %s names every option', async (name, options) => {
  const { code, stdout } = await help(name);
  expect(code).toBe(0);
  const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
  expect(named).toEqual([...options, '--help']);
});

test.each([[[]], [['paint']], [['start', '--loud']], [['bot']], [['worker']]])(
  'the command line %j is refused with exit code 2 and words',
  async (args) => {
    const { code, stdout, stderr } = await run(process.execPath, [main, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toContain('    at ');
  },
);
