// `animate-bot verify` as somebody runs it: what it says of each kind of file, and the code that it ends with.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { markClip } from '../../src/media/clip-marks.ts';
import type { Identity } from '../../src/media/identity.ts';
import { copyByAnotherProgram, drawClip, makeIdentity, TOOL } from '../fakes/marks.ts';
import { main, run } from '../fakes/roles.ts';

const MADE = { engine: 'fastvideo', model: 'FastWan' };

let folder: string;
let identity: Identity;
let clip: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-verify-'));
  identity = await makeIdentity(join(folder, 'data', 'identity'));
  clip = await drawClip();
});
afterAll(() => rm(folder, { recursive: true }));

const mark = async (by: Identity, made = MADE): Promise<Buffer> => (await markClip(TOOL, clip, made, by)).clip;

async function verify(bytes: Buffer, ...options: string[]) {
  await writeFile(join(folder, 'clip.mp4'), bytes);
  return run(process.execPath, [main, 'verify', 'clip.mp4', ...options], { cwd: folder });
}

test('a clip of this installation', async () => {
  expect(await verify(await mark(identity))).toMatchObject({
    code: 0,
    stderr: '',
    stdout: [
      `Made by this installation (${identity.name}), and not altered since.`,
      'Signed with: animate-bot 1.2.3, by the engine fastvideo, FastWan',
      'Signed source type: trainedAlgorithmicMedia (made with AI)',
      'Plain source type (tag "comment"): trainedAlgorithmicMedia (made with AI)',
      'Plain source type (XMP): trainedAlgorithmicMedia (made with AI)',
      '',
    ].join('\n'),
  });
});

test('a clip of another installation, whatever it calls itself', async () => {
  const other = await makeIdentity(join(folder, 'other'));
  const { code, stdout } = await verify(
    await mark(other, { engine: 'evil\u001b]0;owned\u0007\n\u202eengine', model: 'x' }),
  );
  expect(code).toBe(5);
  expect(stdout).toMatch(`Signed by another, who calls itself ${other.name}, and not altered since.`);
  expect(stdout).toContain('by the engine evil?]0;owned???engine, x\n');
});

test('a clip that was altered', async () => {
  const altered = await mark(identity);
  altered.writeUInt8(altered.readUInt8(altered.length - 2000) ^ 1, altered.length - 2000);
  const { code, stdout } = await verify(altered);
  expect({ code, stdout }).toMatchObject({
    code: 6,
    stdout: expect.stringMatching(/was altered \(assertion\.bmffHash/),
  });
});

test('a copy of another program, and a file without a mark', async () => {
  const plain = await verify(await copyByAnotherProgram(await mark(identity)));
  expect({ code: plain.code, stdout: plain.stdout }).toEqual({
    code: 7,
    stdout:
      'No signed mark. It carries plain metadata, which anybody can write or change.\nPlain source type (tag "comment"): trainedAlgorithmicMedia (made with AI)\n',
  });
  const none = await verify(clip);
  expect({ code: none.code, stdout: none.stdout }).toMatchObject({
    code: 8,
    stdout: expect.stringMatching(/^No mark\. That does not say that it was not generated/),
  });
});

test('the same for programs', async () => {
  const { code, stdout } = await verify(await mark(identity), '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: 'ours', manifest: { state: 'Trusted', signer: identity.name } });
});

test.each<[string, () => Promise<unknown> | unknown, number, RegExp]>([
  [
    'no MP4',
    () => writeFile(join(folder, 'odd.mp4'), '#EXTM3U\nfile:///etc/passwd\n'),
    1,
    /It could not be read .*Invalid data/,
  ],
  ['nothing', () => rm(join(folder, 'odd.mp4'), { force: true }), 2, /Expected a file that can be read: ENOENT/],
  ['a pipe', () => execFileSync('mkfifo', [join(folder, 'odd.mp4')]), 2, /Expected a plain file/],
  [
    'too much',
    () => execFileSync('truncate', ['-s', '65M', join(folder, 'odd.mp4')]),
    2,
    /Expected a file of at most 67108864 bytes/,
  ],
])('%s ends with a sentence', async (_what, make, expected, words) => {
  await rm(join(folder, 'odd.mp4'), { force: true });
  await make();
  const { code, stdout, stderr } = await run(process.execPath, [main, 'verify', 'odd.mp4'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('    at ');
});
