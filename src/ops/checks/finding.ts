// What a check finds, and how checks ask.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const PROBE_TIMEOUT_MS = 10_000;

export type Verdict = 'ok' | 'warn' | 'fail';

export interface Finding {
  verdict: Verdict;
  subject: string;
  /** What was found, and unless it is ok, what to do next. */
  text: string;
}

export async function probe(program: string, args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: PROBE_TIMEOUT_MS });
  return stdout;
}

export async function withTimeout<Value>(answer: Promise<Value>): Promise<Value> {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS / 2);
  const expired = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(new Error('no answer')), { once: true });
  });
  return Promise.race([answer, expired]);
}

export function lastLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n').at(-1) ?? message;
}
