// What a bot does to finished clips: marks them, makes one small enough for a chat service, or takes its last frame. Video is
// Python's business, so each is a short process of its own.
import { OperationError } from '../errors.ts';
import type { Made, Marked } from './clip-marks.ts';
import { unpackFiles } from './packed-files.ts';
import type { Sandbox } from './sandbox.ts';
import { runShortProcess } from './short-process.ts';

const MOST_MS = 120_000;
/** Two copies of all frames of the longest 720p clip, twice over; the tool itself sets a limit on what it may ask for. */
const MAX_MEMORY_BYTES = 1.5 * 2 ** 30;
const SAMPLED_FRAMES = 6;
/** The tool's way of saying that nothing worth watching fits. */
const EXIT_TOO_SMALL = 3;

export interface ClipTools {
  /** The clip in at most so many bytes; undefined where that would leave nothing worth watching. */
  shrink(clip: Buffer, maxBytes: number): Promise<Buffer | undefined>;
  /** A few frames from its beginning to its end, as PNGs no larger than a glance needs. */
  sample(clip: Buffer): Promise<Buffer[]>;
  /** As a PNG. */
  lastFrame(clip: Buffer): Promise<Buffer>;
  mark: Mark;
}

/** The clip with the mark that it was made here. */
export type Mark = (clip: Buffer, made: Made) => Promise<Marked>;

/** `serverFolder` has the package render_server. Throws OperationError `setup_missing` when Python cannot do it. */
export function createClipTools(python: () => string, serverFolder: string, sandbox: Sandbox, mark: Mark): ClipTools {
  // One at a time: each takes a core and the memory of a whole clip. A mark is soon made, and waits for no clip that is encoded again.
  const [inTurn, markInTurn] = [createTurns(), createTurns()];
  const run = (args: string[], clip: Buffer): Promise<Buffer | undefined> => inTurn(() => runNow(args, clip));
  const runNow = async (args: string[], clip: Buffer): Promise<Buffer | undefined> => {
    const { exitCode, how, output, complaint } = await runShortProcess({
      ...{ program: python(), args: ['-m', 'render_server.clip_tools', ...args], folder: serverFolder },
      ...{ input: clip, withinMs: MOST_MS, maxMemoryBytes: MAX_MEMORY_BYTES, sandbox },
    });
    if (exitCode === 0) return output;
    if (exitCode === EXIT_TOO_SMALL) return undefined;
    throw new OperationError('setup_missing', `The clip could not be worked on (${how}): ${complaint}`);
  };

  return {
    shrink: (clip, maxBytes) => run(['shrink', String(maxBytes)], clip),
    async sample(clip) {
      const frames = unpackFiles((await run(['sample', String(SAMPLED_FRAMES)], clip)) ?? Buffer.alloc(0));
      if (frames.length === 0) throw new OperationError('setup_missing', 'No frame of the clip could be taken.');
      return frames;
    },
    async lastFrame(clip) {
      const png = await run(['last-frame'], clip);
      if (!png) throw new OperationError('setup_missing', 'The last frame of the clip could not be taken.');
      return png;
    },
    mark: (clip, made) => markInTurn(() => mark(clip, made)),
  };
}

/** What is begun by it begins when what was begun before has ended. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <Value>(act: () => Promise<Value>): Promise<Value> => {
    const running = last.then(act);
    last = running.catch(() => undefined);
    return running;
  };
}
