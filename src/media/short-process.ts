// A program for one piece of work: bytes to its standard input, bytes from its standard output, and a limit on its time.
import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { guardMemory } from './memory-guard.ts';
import { installationOf, type Sandbox } from './sandbox.ts';

/** Nothing of our environment, which holds tokens. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' };

export interface ShortProcess {
  program: string;
  args: string[];
  folder?: string | undefined;
  input: Buffer;
  withinMs: number;
  maxMemoryBytes?: number;
  /** Shuts it in with what it is installed in and its folder, and nothing else of ours. */
  sandbox?: Sandbox | undefined;
}

export interface Ended {
  /** Undefined where a signal ended it. */
  exitCode: number | undefined;
  /** `exit code 1`, or the signal. */
  how: string;
  output: Buffer;
  /** The last line of its standard error. */
  complaint: string;
}

/** Rejects if the program cannot be started. */
export async function runShortProcess(process: ShortProcess): Promise<Ended> {
  const { folder, input, withinMs, maxMemoryBytes, sandbox } = process;
  const readable = [...installationOf(process.program), ...(folder === undefined ? [] : [folder])];
  const { program, args } = sandbox ? await sandbox.shutIn(process, readable, folder) : process;
  const child = spawn(program, args, {
    ...(folder !== undefined && { cwd: folder }),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: withinMs,
    killSignal: 'SIGKILL',
    env: ENVIRONMENT,
  });
  const ended = new Promise<Pick<Ended, 'exitCode' | 'how'>>((resolve, reject) => {
    child
      .once('close', (code, signal) => resolve({ exitCode: code ?? undefined, how: signal ?? `exit code ${code}` }))
      .once('error', reject);
  });
  using _guard =
    maxMemoryBytes === undefined ? undefined : guardMemory(child.pid ?? 0, maxMemoryBytes, () => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined); // It may have ended before it read everything; how it ended says why.
  child.stdin.end(input);
  const [output, words, how] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
  return { ...how, output, complaint: words.trim().split('\n').at(-1) ?? '' };
}
