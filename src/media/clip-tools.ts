// What a bot does to finished clips: makes one small enough for a chat service, or takes its last frame. Video is Python's
// business, so each is a short process of its own.
import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { OperationError } from '../errors.ts';
import { unpackFiles } from './packed-files.ts';

const MOST_MS = 120_000;
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
}

/** `serverFolder` has the package render_server. Throws OperationError `setup_missing` when Python cannot do it. */
export function createClipTools(python: () => string, serverFolder: string): ClipTools {
  const run = async (args: string[], clip: Buffer): Promise<Buffer | undefined> => {
    const child = spawn(python(), ['-m', 'render_server.clip_tools', ...args], {
      cwd: serverFolder,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: MOST_MS,
      killSignal: 'SIGKILL',
      // Nothing of our environment, which holds tokens.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    });
    child.stdin.on('error', () => undefined); // It may have ended before it read everything; its exit code says why.
    child.stdin.end(clip);
    const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
    const [output, words, code] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
    if (code === 0) return output;
    if (code === EXIT_TOO_SMALL) return undefined;
    const lastLine = words.trim().split('\n').at(-1) ?? '';
    throw new OperationError('setup_missing', `The clip could not be worked on (exit code ${code}): ${lastLine}`);
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
  };
}
