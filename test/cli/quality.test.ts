// `animate-bot quality`: the faster precision is set where the comparison says yes, and nowhere else.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drawPicture } from '../fakes/pictures.ts';
import { main, run } from '../fakes/roles.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-quality-'));
  for (const each of ['tmp', 'pictures']) await mkdir(join(folder, each));
  await writeFile(join(folder, 'pictures', 'sky.png'), await drawPicture());
  await writeFile(join(folder, 'pictures', 'notes.txt'), 'not a picture');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** In the place of Python: notes what it was asked and what lies in the folder, leaves a sheet, and ends as it is told. */
async function measuring(exitCode: number): Promise<string> {
  const program = join(folder, 'python');
  const lines = [
    '#!/bin/sh',
    `echo "$@" > ${join(folder, 'asked')}`,
    'while [ "$1" != --pictures ]; do shift; done',
    `ls "$2" > ${join(folder, 'given')}`,
    'echo sheet > "$4"',
    `exit ${exitCode}`,
  ];
  await writeFile(program, `${lines.join('\n')}\n`);
  await chmod(program, 0o755);
  return program;
}

async function quality(exitCode: number, args: string[] = [], env: Record<string, string> = {}) {
  return run(process.execPath, [main, 'quality', 'pictures', ...args], {
    cwd: folder,
    env: {
      ENGINE: 'fastvideo',
      MODEL: 'tests/small',
      GPUS: 'none',
      PYTHON: await measuring(exitCode),
      TMPDIR: join(folder, 'tmp'),
      ...env,
    },
  });
}

const settings = () => readFile(join(folder, '.env'), 'utf8').catch(() => undefined);

test('a yes writes the setting, keeps the sheet, and leaves nothing else', async () => {
  const { code, stdout } = await quality(0);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^Yes: PRECISION=mixed is in \S+\.env, and holds from the worker's next start\. Look at \S+quality\.png;/,
  );
  expect(await settings()).toBe('PRECISION=mixed\n');
  expect(await readFile(join(folder, 'quality.png'), 'utf8')).toBe('sheet\n');
  expect(await readFile(join(folder, 'given'), 'utf8')).toBe('sky.png.png\n');
  expect(await readFile(join(folder, 'asked'), 'utf8')).toMatch(
    /^-m render_server\.quality --engine fastvideo --model tests\/small --pictures \S+ --sheet \S+ --precision mixed --resolution 480p\n$/,
  );
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
});

test.each([
  ['PRECISION=exact\nA=b', 'PRECISION=int8\nA=b'],
  ['A=b\n#PRECISION=exact\nC=d\n', 'A=b\nPRECISION=int8\nC=d\n'],
  ['A=b', 'A=b\nPRECISION=int8\n'],
])('the setting goes into %j in its place', async (before, after) => {
  await writeFile(join(folder, '.env'), before);
  expect((await quality(0, ['--precision', 'int8'])).code).toBe(0);
  expect(await settings()).toBe(after);
});

test('a no, and a comparison that could not be made, write nothing', async () => {
  await writeFile(join(folder, '.env'), 'A=b\n');
  const no = await quality(1);
  expect(no).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^No: nothing was set\. What failed is marked ✗/),
  });
  expect(await readFile(join(folder, 'quality.png'), 'utf8')).toBe('sheet\n');
  expect(await quality(3)).toMatchObject({ code: 3, stdout: 'Not measured; nothing was set.\n' });
  expect(await settings()).toBe('A=b\n');
});

test.each<[string, string[], Record<string, string>, RegExp]>([
  [
    'an engine without weights',
    [],
    { ENGINE: 'preview', MODEL: '' },
    /Expected ENGINE to be fastvideo or diffusers, got preview/,
  ],
  ['an engine for the best quality', [], { ENGINE: 'diffusers-best' }, /got diffusers-best, which has no PRECISION/],
  ['a precision that is none', ['--precision', 'exact'], {}, /Allowed choices are mixed, int8/],
  ['a setting that is none', [], { PRECISION: 'fast' }, /PRECISION: expected/],
])('%s is refused in words', async (_what, args, env, words) => {
  const { code, stderr } = await quality(0, args, env);
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
  expect(await settings()).toBeUndefined();
});

test('a folder without pictures, and a picture that is none, are told by name', async () => {
  await writeFile(join(folder, 'pictures', 'fake.jpg'), 'text');
  expect((await quality(0)).stderr).toMatch(/^fake\.jpg: /);
  await rm(join(folder, 'pictures'), { recursive: true });
  expect((await quality(0)).stderr).toMatch(/Expected a folder with pictures at pictures, found none/);
  expect(await settings()).toBeUndefined();
});
