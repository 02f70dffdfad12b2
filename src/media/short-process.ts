// A program for one piece of work: bytes to its standard input, bytes from its standard output, and a limit on its time.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { guardProcesses } from './process-guard.ts';
import { installationOf, type Sandbox, SYSTEM_PATH } from './sandbox.ts';

/** What a program may ask at most. */
const MAX_QUESTION_BYTES = 2 ** 16;

/** Nothing of our environment, which holds tokens. */
const ENVIRONMENT = { PATH: SYSTEM_PATH, LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' };

export interface ShortProcess {
  program: string;
  args: string[];
  folder?: string | undefined;
  input: Buffer;
  /**
   * Answers the first file that it writes, packed, with more of its standard input. It is asked once, however often the program
   * asks; an empty file asks for nothing.
   */
  answer?: ((question: Buffer) => Buffer) | undefined;
  withinMs: number;
  maxMemoryBytes?: number;
  /** Shuts it in with what it is installed in and its folder, and nothing else of ours; of `TMPDIR` nothing stays. */
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
  const scratch = await mkdtemp(join(tmpdir(), 'animate-scratch-'));
  try {
    return await runIn(scratch, process);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runIn(scratch: string, process: ShortProcess): Promise<Ended> {
  const { folder, input, answer, withinMs, maxMemoryBytes, sandbox } = process;
  const readable = [...installationOf(process.program), ...(folder === undefined ? [] : [folder])];
  const needs = { readable, scratch, folder, maxMemoryBytes };
  const { program, args } = sandbox ? await sandbox.shutIn(process, needs) : process;
  const child = spawn(program, args, {
    ...(folder !== undefined && { cwd: folder }),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: withinMs,
    killSignal: 'SIGKILL',
    env: { ...ENVIRONMENT, TMPDIR: scratch },
  });
  const ended = new Promise<Pick<Ended, 'exitCode' | 'how'>>((resolve, reject) => {
    child
      .once('close', (code, signal) => resolve({ exitCode: code ?? undefined, how: signal ?? `exit code ${code}` }))
      .once('error', reject);
  });
  using _guard =
    maxMemoryBytes === undefined
      ? undefined
      : guardProcesses(child.pid ?? 0, maxMemoryBytes, () => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined); // It may have ended before it read everything; how it ended says why.
  if (answer) child.stdin.write(input);
  else child.stdin.end(input);
  const output = answer ? converse(child, answer) : buffer(child.stdout);
  const [bytes, words, how] = await Promise.all([output, text(child.stderr), ended]);
  return { ...how, output: bytes, complaint: words.trim().split('\n').at(-1) ?? '' };
}

/** Resolves to what comes after its question. Rejects, and ends it, where that is too long or cannot be answered. */
async function converse(child: ChildProcessWithoutNullStreams, answer: (question: Buffer) => Buffer): Promise<Buffer> {
  let came = Buffer.alloc(0);
  let endOfQuestion: number | undefined;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (endOfQuestion !== undefined) {
        chunks.push(chunk);
        continue;
      }
      came = Buffer.concat([came, chunk]);
      const length = came.length < 4 ? 0 : came.readUInt32BE();
      if (length > MAX_QUESTION_BYTES) throw new RangeError(`Expected a short question, got one of ${length} bytes`);
      if (came.length < 4 + length) continue;
      endOfQuestion = 4 + length;
      child.stdin.end(length === 0 ? undefined : answer(came.subarray(4, endOfQuestion)));
      chunks.push(came.subarray(endOfQuestion));
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return Buffer.concat(chunks);
}
