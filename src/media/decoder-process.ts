// The parent's end of one decoder process: start it, ask it, kill it. Knows nothing of pictures or limits.
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { OperationError } from '../errors.ts';
import { type DecoderReply, type DecoderRequest, readReply } from './decoder-protocol.ts';
import { CHANNEL_FD, createFrameReader, MAX_REPLY_BYTES, toFrame } from './frames.ts';
import { guardProcesses } from './process-guard.ts';
import { type Sandbox, SYSTEM_PATH } from './sandbox.ts';

export interface DecoderProcess {
  isAlive(): boolean;
  /**
   * One request at a time. An abort kills the process, and so does an answer to something else; what comes back is then
   * `died` like for any other death.
   */
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
  sandbox: Sandbox;
}

// An empty environment alone hides nothing: code in there can read that of its parent in /proc, where no sandbox keeps it from that.
// One malloc arena instead of one per thread: what a big picture used is given back sooner.
// Its own configuration of OpenSSL is a file of the system that it may not read, which Node takes for fatal.
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1', OPENSSL_CONF: '/dev/null' };

const PACKAGES = '/node_modules';

/** What each request may be answered with; without a request it is the start that is waited for. */
const ANSWERS = { start: ['ready'], open: ['opened', 'refused'], convert: ['converted', 'refused'] } satisfies Record<
  'start' | DecoderRequest['type'],
  DecoderReply['type'][]
>;

/** Rejects when the decoder cannot even start: that is the installation's fault, never the picture's. */
export async function startDecoder(options: DecoderOptions): Promise<DecoderProcess> {
  const { path, startTimeoutMs, maxMemoryBytes, sandbox } = options;
  const needs = { readable: filesOf(path), maxMemoryBytes };
  const { program, args } = await sandbox.shutIn({ program: process.execPath, args: [path] }, needs);
  const child = spawn(program, args, {
    env: { ...ENVIRONMENT, PATH: SYSTEM_PATH },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const exchanges = toExchanges(child, maxMemoryBytes);
  const first = await exchanges.next(undefined, AbortSignal.timeout(startTimeoutMs));
  if (first.type !== 'ready') {
    await exchanges.kill();
    const detail = 'detail' in first ? first.detail : `Expected it to be ready, got ${first.type}`;
    throw new OperationError('setup_missing', `The picture decoder ${path} did not start: ${detail}`);
  }
  return {
    isAlive: exchanges.isAlive,
    kill: exchanges.kill,
    ask: exchanges.next,
  };
}

/** Of ours it sees the build, which its code is a folder of, and the packages. */
function filesOf(path: string): string[] {
  const library = createRequire(path).resolve('sharp');
  const packages = library.slice(0, library.lastIndexOf(PACKAGES) + PACKAGES.length);
  return [process.execPath, dirname(dirname(path)), packages, join(dirname(packages), 'package.json')];
}

function channelOf(child: ChildProcess): Socket {
  const channel = child.stdio[CHANNEL_FD];
  if (channel instanceof Socket) return channel;
  throw new TypeError('Expected a pipe to the decoder');
}

function toExchanges(child: ChildProcess, maxMemoryBytes: number) {
  const channel = channelOf(child);
  const readFrame = createFrameReader(MAX_REPLY_BYTES);
  let settle: ((answer: DecoderReply | DecoderDeath) => void) | undefined;
  let death: DecoderDeath | undefined;
  let isOutOfMemory = false;
  let awaited: DecoderReply['type'][] = [];
  let breach: string | undefined;
  const answerWith = (answer: DecoderReply | DecoderDeath) => {
    awaited = [];
    settle?.(answer);
    settle = undefined;
  };
  const exited = new Promise<void>((resolve) => {
    const die = (detail: string) => {
      death ??= { type: 'died', isOutOfMemory, detail: breach ?? detail };
      channel.destroy();
      answerWith(death);
      resolve();
    };
    child.once('exit', (code, signal) => die(signal === null ? `it exited with code ${code}` : `${signal} ended it`));
    // Without a pid it never ran, and no 'exit' will follow. Other errors end in an 'exit'.
    child.on('error', (error) => (child.pid === undefined ? die(error.message) : child.kill('SIGKILL')));
  });
  // Were it left running, what it says next could pass for the answer about somebody else's picture.
  const end = (why: string) => {
    breach ??= why;
    channel.destroy();
    child.kill('SIGKILL');
  };
  channel.on('data', (chunk: Buffer) => {
    try {
      if (awaited.length === 0) throw new RangeError('Expected silence, got a message');
      const frame = readFrame(chunk);
      if (frame === undefined) return;
      const reply = readReply(frame);
      if (reply !== undefined && awaited.includes(reply.type)) answerWith(reply);
      else end(`Expected ${awaited.join(' or ')}, got ${reply?.type ?? 'something that is not in the protocol'}`);
    } catch (error) {
      end((error as Error).message);
    }
  });
  channel.on('error', () => undefined); // 'close' follows.
  channel.on('close', () => child.kill('SIGKILL'));

  async function next(request: DecoderRequest | undefined, signal: AbortSignal): Promise<DecoderReply | DecoderDeath> {
    if (death !== undefined) {
      return death;
    }
    const kill = () => child.kill('SIGKILL');
    const answered = new Promise<DecoderReply | DecoderDeath>((resolve) => {
      settle = resolve;
    });
    awaited = ANSWERS[request?.type ?? 'start'];
    // Only an exchange under way keeps our own process from ending; a warm, idle decoder does not.
    child.ref();
    channel.ref();
    signal.addEventListener('abort', kill);
    using _guard = guardProcesses(child.pid ?? 0, maxMemoryBytes, () => {
      isOutOfMemory = true;
      kill();
    });
    if (signal.aborted) {
      kill();
    } else if (request !== undefined) {
      const { bytes, ...header } = { bytes: undefined, ...request };
      // A write that fails means that the process is going down, which 'exit' reports.
      for (const part of toFrame(header, bytes)) channel.write(part);
    }
    const answer = await answered;
    signal.removeEventListener('abort', kill);
    channel.unref();
    child.unref();
    return answer;
  }

  return {
    next,
    isAlive: () => death === undefined && !channel.destroyed,
    async kill() {
      child.ref();
      child.kill('SIGKILL');
      await exited;
    },
  };
}
