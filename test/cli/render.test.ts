// `animate-bot render` as somebody runs it: what it prints, what it leaves, and the code that it ends with.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drawPicture } from '../fakes/pictures.ts';
import { leftBehind, main, type RunOptions, run } from '../fakes/roles.ts';
import { firstFrameError, probeVideo } from '../fakes/video.ts';

const TOLD = { ENGINE: 'test_engines.does_as_told:create' };

let folder: string;
let picture: Buffer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-cli-'));
  picture = await drawPicture();
  await mkdir(join(folder, 'tmp'));
  await writeFile(join(folder, 'cat.png'), picture);
  await writeFile(join(folder, 'text.png'), 'this is not a cat');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const usual = { image: 'cat.png', prompt: 'slow pan left', output: 'cat.mp4', seconds: '1' };

function toArgs(options: Record<string, string>): string[] {
  return [main, 'render', ...Object.entries({ ...usual, ...options }).flatMap(([name, value]) => [`--${name}`, value])];
}

function render(options: Record<string, string> = {}, { env, onOutput }: RunOptions = {}) {
  return run(process.execPath, toArgs(options), inFolder({ ...env }, onOutput));
}

function inFolder(env: Record<string, string>, onOutput: RunOptions['onOutput']): RunOptions {
  return { cwd: folder, env: { TMPDIR: join(folder, 'tmp'), ...env }, ...(onOutput && { onOutput }) };
}

/** What is there beside what the test put there. */
async function findLeftovers(): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  const known = new Set(['tmp', 'cat.png', 'text.png', 'cat.mp4']);
  return [...files.filter((file) => !known.has(file)), ...(await leftBehind(folder))];
}

test('a clip comes with a line for each stage where there is no terminal, and nothing else is left', async () => {
  const { code, stdout, stderr } = await render({ seed: '7' });
  expect(stderr).toBe('encoding prompt\nencoding image\ndecoding, step 0 of 25\nencoding video\n');
  const clip = join(folder, 'cat.mp4');
  expect(stdout).toMatch(/^\S+cat\.mp4: 704×544, 25 frames, [\d.]+ MB, seed 7, preview, no GPU\n$/);
  expect(stdout.startsWith(clip)).toBe(true);
  expect(code).toBe(0);
  expect(await probeVideo(clip)).toMatchObject({ width: 704, height: 544, frames: 25, pixelFormat: 'yuv420p' });
  expect(await firstFrameError(clip, picture)).toBeLessThan(6);
  expect(await findLeftovers()).toEqual([]);
});

test('a terminal gets a bar that redraws itself and goes when the clip is there', async () => {
  const line = [process.execPath, ...toArgs({})].map((word) => `'${word}'`).join(' ');
  const { code, stdout } = await run('script', ['-qec', line, '/dev/null'], inFolder({ TERM: 'xterm' }, undefined));
  expect(code).toBe(0);
  const [bars = '', ...rest] = stdout.trimEnd().split('\n');
  const drawn = bars.split('\r\u001B[K');
  expect(drawn.at(-1)).toMatch(/^\S+cat\.mp4: 704×544/);
  expect(rest).toEqual([]);
  const lengths = drawn.slice(1, -1).map((bar) => /^(█*)░* \S/.exec(bar)?.[1]?.length ?? 0);
  expect(lengths.length).toBeGreaterThan(3);
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
});

test.each<[string, Record<string, string>, Record<string, string>, number, RegExp]>([
  ['an option out of its range', { seconds: '9' }, {}, 2, /`seconds` must be between 1 and 5 \(you wrote 9\)/],
  ['an option that is no number', { seed: 'lucky' }, {}, 2, /`seed` must be a whole number between/],
  ['an output that is no .mp4', { output: 'cat.avi' }, {}, 2, /ending in \.mp4/],
  ['an output in a folder that is not there', { output: 'no/cat.mp4' }, {}, 2, /can be written, got no\/cat\.mp4/],
  ['a setting that is wrong', {}, { RENDER_SLOTS: '0' }, 2, /RENDER_SLOTS: expected a whole number/],
  ['a picture that is not there', { image: 'dog.png' }, {}, 3, /found no readable file/],
  ['a picture that is a text file', { image: 'text.png' }, {}, 3, /isn't actually a picture \(it's a text file\)/],
  ['a prompt without words', { prompt: ' ' }, {}, 3, /Tell me how the picture should move/],
  ['an engine that dies', { prompt: 'die' }, TOLD, 4, /exit code 9 in the middle of the render/],
  [
    'an engine that goes silent',
    { prompt: 'go silent' },
    { ...TOLD, ENGINE_SILENCE_SECONDS: '1' },
    4,
    /nothing for 1 s/,
  ],
  ['an engine that there is not', {}, { ENGINE: 'no_such:engine' }, 4, /No module named 'no_such'/],
  ['a Python that is not there', {}, { PYTHON: '/no/python' }, 1, /PYTHON: expected a Python, found nothing/],
])('%s ends with a sentence and its exit code', async (_what, options, env, expected, words) => {
  const { code, stdout, stderr } = await render(options, { env });
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('    at ');
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(await findLeftovers()).toEqual([]);
});

test.each([['SIGINT', 130] as const, ['SIGTERM', 143] as const])(
  '%s in the middle of a render ends it with code %i and leaves no part of a file and no process',
  async (signal, expected) => {
    const { code, stderr } = await render(
      { prompt: `hold ${join(folder, 'gate')}` },
      {
        env: TOLD,
        onOutput: (child, text) => {
          if (text.endsWith('step 0 of 2\n')) child.kill(signal);
        },
      },
    );
    expect(code).toBe(expected);
    expect(stderr.split('\n').at(-2)).toBe('Stopped; no clip was made.');
    expect(await findLeftovers()).toEqual([]);
    expect(await readdir(folder)).not.toContain('cat.mp4');
  },
);
