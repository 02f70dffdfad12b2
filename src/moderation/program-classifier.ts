// A classifier in a process of its own, for each question a fresh one: strangers' pictures go through it. It reads them from
// standard input, each behind its length in four bytes, and writes `{"allowed": true}` or `{"allowed": false}`.
import { z } from 'zod';
import { OperationError } from '../errors.ts';
import { packFiles } from '../media/packed-files.ts';
import type { Sandbox } from '../media/sandbox.ts';
import { runShortProcess } from '../media/short-process.ts';
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
  /** Left out for a program of the operator's, of which nobody knows what it needs. */
  sandbox?: Sandbox;
}

export function createProgramClassifier(options: ProgramClassifierOptions): Classifier {
  const { command, timeoutMs = DEFAULT_TIMEOUT_MS, maxMemoryBytes = DEFAULT_MAX_MEMORY_BYTES, sandbox } = options;
  let last: Promise<unknown> = Promise.resolve();

  const ask = async (pictures: Buffer[]): Promise<boolean> => {
    const { exitCode, how, output, complaint } = await runShortProcess({
      ...command(),
      ...{ input: packFiles(pictures), withinMs: timeoutMs, maxMemoryBytes, sandbox },
    });
    const { data: answer } = exitCode === 0 ? answerSchema.safeParse(toJson(output)) : { data: undefined };
    if (answer) return answer.allowed;
    throw new Error(`${how}: ${complaint.slice(0, LONGEST_COMPLAINT)}`);
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
