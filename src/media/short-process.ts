// A program for one piece of work: bytes to its standard input, bytes from its standard output, and a limit on its time.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcesses } from './process-guard.ts';
import { installationOf, type Sandbox, SYSTEM_PATH } from './sandbox.ts';

/** What a program may ask at most. */
const MAX_QUESTION_BYTES = 2 ** 16;
/** Somewhat above the largest clip. */
const MAX_OUTPUT_BYTES = 80 * 2 ** 20;
/** The end of its standard error that is kept. */
const MAX_WORDS_BYTES = 2 ** 16;

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
  /** `exit code 1`, the signal, or that it wrote too much. */
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
  const output = createOutput();
  const [, words, how] = await Promise.all([converse(child, output, answer), lastOf(child.stderr), ended]);
  const complaint = words.trim().split('\n').at(-1) ?? '';
  const result = { ...how, output: output.bytes(), complaint };
  return output.isTooLong() ? { ...result, exitCode: undefined, how: `more than ${MAX_OUTPUT_BYTES} bytes` } : result;
}

/** Takes what a program writes, in however small pieces, and nothing beyond the maximum. */
function createOutput() {
  let held = Buffer.alloc(0);
  let length = 0;
  return {
    isTooLong: () => length > MAX_OUTPUT_BYTES,
    bytes: () => held.subarray(0, length),
    add(chunk: Buffer): void {
      const before = length;
      length += chunk.length;
      if (length > MAX_OUTPUT_BYTES) return;
      const room = Math.min(Math.max(2 * held.length, length), MAX_OUTPUT_BYTES);
      if (length > held.length) held = Buffer.concat([held], room);
      chunk.copy(held, before);
    },
  };
}

async function lastOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let last = Buffer.alloc(0);
  for await (const chunk of stream) last = Buffer.concat([last, chunk]).subarray(-MAX_WORDS_BYTES);
  return last.toString();
}

/**
 * Ends it where it writes too much. What answers a question is its output alone. Rejects, and ends it, where the question is too long
 * or cannot be answered.
 */
async function converse(
  child: ChildProcessWithoutNullStreams,
  output: ReturnType<typeof createOutput>,
  answer?: (question: Buffer) => Buffer,
): Promise<void> {
  let came = Buffer.alloc(0);
  let isAsking = answer !== undefined;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (answer === undefined || !isAsking) {
        output.add(chunk);
      } else {
        came = Buffer.concat([came, chunk]);
        const length = came.length < 4 ? 0 : came.readUInt32BE();
        if (length > MAX_QUESTION_BYTES) throw new RangeError(`Expected a short question, got one of ${length} bytes`);
        if (came.length < 4 + length) continue;
        isAsking = false;
        child.stdin.end(length === 0 ? undefined : answer(came.subarray(4, 4 + length)));
        output.add(came.subarray(4 + length));
      }
      if (output.isTooLong()) break;
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  if (output.isTooLong()) child.kill('SIGKILL');
}
