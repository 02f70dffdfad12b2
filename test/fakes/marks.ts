// What marks clips, as an installation has it, and what a reader of the marks sees.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertify, type MarkTool } from '../../src/media/clip-marks.ts';
import { type Identity, openIdentity } from '../../src/media/identity.ts';
import { createSandbox } from '../../src/media/sandbox.ts';
import { root } from './roles.ts';

const python = join(root, '.venv', 'bin', 'python');

export const TOOL: MarkTool = {
  python: () => python,
  serverFolder: join(root, 'python'),
  sandbox: createSandbox(),
  version: '1.2.3',
};

/** The same in a program of the test's own, not shut in. */
export const toolOf = (program: string): MarkTool => ({
  ...TOOL,
  python: () => program,
  sandbox: createSandbox({ offered: [] }),
});

export const makeIdentity = (folder: string): Promise<Identity> => openIdentity(folder, createCertify(TOOL));

/** A second of a test card: what an engine of ours writes, without one. */
export async function drawClip(size = '128x96'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'animate-clip-'));
  try {
    return ffmpeg(['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=24:duration=1`, '-pix_fmt', 'yuv420p'], folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same pictures in a file that another program wrote. */
export async function copyByAnotherProgram(clip: Buffer): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'animate-clip-'));
  try {
    await writeFile(join(folder, 'in.mp4'), clip);
    return ffmpeg(['-i', join(folder, 'in.mp4'), '-c', 'copy'], folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function ffmpeg(args: string[], folder: string): Buffer {
  const output = join(folder, 'out.mp4');
  execFileSync('ffmpeg', ['-v', 'error', ...args, '-movflags', '+faststart', output]);
  return execFileSync('cat', [output]);
}

/** A line for each picture, with what it is made of and when it is shown. */
export function picturesOf(clip: Buffer): string {
  return execFileSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-map', '0:v', '-f', 'framemd5', '-'], {
    input: clip,
  }).toString();
}

/** The outermost boxes of an MP4: where each begins, and its end. */
export function boxesOf(clip: Buffer): { kind: string; start: number; end: number }[] {
  const boxes = [];
  for (let start = 0; start < clip.length; ) {
    const end = start + clip.readUInt32BE(start);
    boxes.push({ kind: clip.toString('latin1', start + 4, start + 8), start, end });
    start = end;
  }
  return boxes;
}
