// What a log line may hold.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '../src/log.ts';

function logged(act: (log: ReturnType<typeof createLogger>) => void): string {
  const output = new PassThrough();
  act(
    createLogger(
      { level: 'info', format: 'json', secrets: ['canary-token-1234'] },
      output as unknown as NodeJS.WriteStream,
    ),
  );
  return String(output.read());
}

test('a secret is cut out by its key, however deep it is in the line', () => {
  const line = logged((log) =>
    log.info({ token: 'abc', request: { headers: { authorization: 'Bearer abc' } } }, 'hello'),
  );
  expect(line).not.toContain('abc');
  expect(line).toContain('hello');
});

test('a secret is cut out by its value, also inside a message and an error', () => {
  const line = logged((log) => log.info({ err: new Error('refused canary-token-1234') }, 'said canary-token-1234'));
  expect(line).not.toContain('canary-token-1234');
  expect(line).toContain('[redacted]');
});
