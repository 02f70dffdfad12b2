// The parent's end of one decoder process: start it, ask it, kill it. Knows nothing of pictures or limits.
import { type ChildProcess, fork } from 'node:child_process';
import { OperationError } from '../errors.ts';
import type { DecoderReply, DecoderRequest } from './decoder-protocol.ts';
import { guardMemory } from './memory-guard.ts';

export interface DecoderProcess {
  isAlive(): boolean;
  /** One request at a time. An abort kills the process, and the answer is then `died` like for any other death. */
  ask(request: DecoderRequest, signal: AbortSignal): Promise<DecoderReply | DecoderDeath>;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Crashed or was killed. `detail` is for the log. */
export interface DecoderDeath {
  type: 'died';
  isOutOfMemory: boolean;
  detail: string;
}

export interface DecoderOptions {
  /** The built decoder.ts. */
  path: string;
  startTimeoutMs: number;
  /** A process that holds more is killed. */
  maxMemoryBytes: number;
}

// An empty environment keeps our tokens out of a process that strangers' bytes may take over.
// One malloc arena instead of one per thread: what a big picture used is given back sooner.
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/** Rejects when the decoder cannot even start: that is the installation's fault, never the picture's. */
export async function startDecoder({ path, startTimeoutMs, maxMemoryBytes }: DecoderOptions): Promise<DecoderProcess> {
  const child = fork(path, {
    env: ENVIRONMENT,
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exchanges = toExchanges(child, maxMemoryBytes);
  const first = await exchanges.next(undefined, AbortSignal.timeout(startTimeoutMs));
  if (first.type !== 'ready') {
    await exchanges.kill();
    const detail = 'detail' in first ? first.detail : `it answered ${first.type}`;
    throw new OperationError('setup_missing', `The picture decoder ${path} did not start: ${detail}`);
  }
  return {
    isAlive: exchanges.isAlive,
    kill: exchanges.kill,
    ask: exchanges.next,
  };
}

function toExchanges(child: ChildProcess, maxMemoryBytes: number) {
  let settle: ((answer: DecoderReply | DecoderDeath) => void) | undefined;
  let death: DecoderDeath | undefined;
  let isOutOfMemory = false;
  const answerWith = (answer: DecoderReply | DecoderDeath) => {
    settle?.(answer);
    settle = undefined;
  };
  const exited = new Promise<void>((resolve) => {
    const die = (detail: string) => {
      death ??= { type: 'died', isOutOfMemory, detail };
      answerWith(death);
      resolve();
    };
    child.once('exit', (code, signal) => die(signal === null ? `it exited with code ${code}` : `${signal} ended it`));
    // Without a pid it never ran, and no 'exit' will follow. Other errors, such as a broken channel, end in an 'exit'.
    child.on('error', (error) => (child.pid === undefined ? die(error.message) : child.kill('SIGKILL')));
  });
  child.on('message', (reply: DecoderReply) => answerWith(reply));

  async function next(request: DecoderRequest | undefined, signal: AbortSignal): Promise<DecoderReply | DecoderDeath> {
    if (death !== undefined) {
      return death;
    }
    const kill = () => child.kill('SIGKILL');
    const answered = new Promise<DecoderReply | DecoderDeath>((resolve) => {
      settle = resolve;
    });
    // Only an exchange under way keeps our own process from ending; a warm, idle decoder does not.
    child.ref();
    child.channel?.ref();
    signal.addEventListener('abort', kill);
    using _guard = guardMemory(child.pid ?? 0, maxMemoryBytes, () => {
      isOutOfMemory = true;
      kill();
    });
    if (signal.aborted) {
      kill();
    } else if (request !== undefined) {
      // A send that fails means that the process is going down, which 'exit' reports.
      child.send(request, () => {});
    }
    const answer = await answered;
    signal.removeEventListener('abort', kill);
    child.channel?.unref();
    child.unref();
    return answer;
  }

  return {
    next,
    isAlive: () => death === undefined && child.connected,
    async kill() {
      child.ref();
      child.kill('SIGKILL');
      await exited;
    },
  };
}
