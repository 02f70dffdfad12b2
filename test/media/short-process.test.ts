// Programs that are taken over and write for as long as anybody reads: how much of it a bot takes.
import { expect, test } from 'vitest';
import { runShortProcess } from '../../src/media/short-process.ts';

const WITHIN_MS = 60_000;
const WRITE_WITHOUT_END = 'while True: out.write(bytes(2**20))';

function runScript(script: string, answer?: (question: Buffer) => Buffer) {
  const args = ['-c', `import sys\n${script}`];
  return runShortProcess({ program: '/usr/bin/python3', args, input: Buffer.alloc(0), answer, withinMs: WITHIN_MS });
}

test.each([
  ['never asks', undefined, ''],
  ['has asked', () => Buffer.from('signed'), 'out.write(bytes([0, 0, 0, 1, 7]))\n'],
])('a program that writes without an end and %s is ended for that', async (_when, answer, before) => {
  const ended = await runScript(`out = sys.stdout.buffer\n${before}${WRITE_WITHOUT_END}`, answer);
  expect(ended).toMatchObject({ exitCode: undefined, how: `more than ${80 * 2 ** 20} bytes` });
  expect(ended.output.length).toBeLessThanOrEqual(80 * 2 ** 20);
});

test('of what a program complains of the end is kept', async () => {
  const script = `sys.stderr.write('x' * 2**24 + 'end of it')`;
  const { how, complaint } = await runScript(script);
  expect(how).toBe('exit code 0');
  expect(complaint.length).toBe(2 ** 16);
  expect(complaint.endsWith('end of it')).toBe(true);
});

test('all that a program writes comes, in pieces or at once', async () => {
  const script = `
for at in range(1000): sys.stdout.buffer.write(bytes([at % 256])), sys.stdout.buffer.flush()
sys.stdout.buffer.write(bytes(2**24) + b'end')`;
  const { output } = await runScript(script);
  const pieces = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 256));
  expect(output.equals(Buffer.concat([pieces, Buffer.alloc(2 ** 24), Buffer.from('end')]))).toBe(true);
});
