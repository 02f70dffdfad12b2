// Looks at a finished clip with ffmpeg, which is not what made it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import sharp from 'sharp';

const run = promisify(execFile);

export interface ProbedVideo {
  width: number;
  height: number;
  frames: number;
  seconds: number;
  pixelFormat: string;
}

export async function probeVideo(file: string): Promise<ProbedVideo> {
  const entries = 'stream=width,height,nb_read_frames,pix_fmt,duration';
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    entries,
    '-of',
    'json',
    file,
  ]);
  const [stream] = (JSON.parse(stdout) as { streams: Record<string, string | number>[] }).streams;
  return {
    width: Number(stream?.width),
    height: Number(stream?.height),
    frames: Number(stream?.nb_read_frames),
    seconds: Number(stream?.duration),
    pixelFormat: String(stream?.pix_fmt),
  };
}

/** How far frame 0 is from a picture cropped to its size: the mean difference per channel, 0 to 255. */
export async function firstFrameError(file: string, picture: string | Buffer): Promise<number> {
  const { width, height } = await probeVideo(file);
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
    {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const expected = await sharp(picture).removeAlpha().resize(width, height, { fit: 'cover' }).raw().toBuffer();
  const total = expected.reduce((sum, value, index) => sum + Math.abs(value - (stdout[index] ?? 0)), 0);
  return total / expected.length;
}
