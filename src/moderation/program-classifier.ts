// A classifier in a process of its own, for each question a fresh one: strangers' pictures go through it. It reads them from
// standard input, each behind its length in four bytes, and writes `{"allowed": true}` or `{"allowed": false}`.
import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { z } from 'zod';
import { OperationError } from '../errors.ts';
import { guardMemory } from '../media/memory-guard.ts';
import { packFiles } from '../media/packed-files.ts';
import type { Classifier } from './classifier.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_MEMORY_BYTES = 2 * 1024 ** 3;
const LONGEST_COMPLAINT = 300;

const answerSchema = z.object({ allowed: z.boolean() });

export interface ProgramClassifierOptions {
  /** Asked for each time: the Python environment may be made after this. */
  command: () => { program: string; args: string[]; folder?: string };
  timeoutMs?: number;
  maxMemoryBytes?: number;
}

export function createProgramClassifier(options: ProgramClassifierOptions): Classifier {
  const { command, timeoutMs = DEFAULT_TIMEOUT_MS, maxMemoryBytes = DEFAULT_MAX_MEMORY_BYTES } = options;
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (pictures: Buffer[]): Promise<boolean> => {
    const { program, args, folder } = command();
    const child = spawn(program, args, {
      ...(folder !== undefined && { cwd: folder }),
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      // Nothing of our environment, which holds tokens.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    });
    const ended = new Promise<string>((resolve, reject) => {
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)).once('error', reject);
    });
    using _guard = guardMemory(child.pid ?? 0, maxMemoryBytes, () => child.kill('SIGKILL'));
    child.stdin.on('error', () => undefined); // It may have ended before it read everything; how it ended says why.
    child.stdin.end(packFiles(pictures));
    const [output, words, how] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
    const { data: answer } = how === 'exit code 0' ? answerSchema.safeParse(toJson(output)) : { data: undefined };
    if (answer) return answer.allowed;
    throw new Error(`${how}: ${words.trim().split('\n').at(-1)?.slice(0, LONGEST_COMPLAINT) ?? ''}`);
  };

  return {
    async allows(pictures) {
      // One at a time: each takes a core and a model's memory.
      const asking = last.then(() => ask(pictures));
      last = asking.catch(() => undefined);
      return asking.catch((error) => {
        throw new OperationError(
          'classifier_unavailable',
          `MODERATION_CLASSIFIER gave no answer (${(error as Error).message})`,
          {
            cause: error,
          },
        );
      });
    },
  };
}

function toJson(output: Buffer): unknown {
  try {
    return JSON.parse(output.toString('utf8'));
  } catch {
    return undefined;
  }
}
