// The mark that a clip was made here: what it says, what it survives, and that whatever is altered is told.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { markClip, type Reading, readMarks } from '../../src/media/clip-marks.ts';
import { type Identity, readAnchors } from '../../src/media/identity.ts';
import { createSandbox } from '../../src/media/sandbox.ts';
import { boxesOf, copyByAnotherProgram, drawClip, makeIdentity, picturesOf, TOOL, toolOf } from '../fakes/marks.ts';

const SOURCES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';
const MADE = { engine: 'fastvideo', model: '/home/grace/weights/FastWan' };

let folder: string;
let identity: Identity;
let clip: Buffer;
let marked: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-marks-'));
  identity = await makeIdentity(join(folder, 'identity'));
  clip = await drawClip();
  marked = await mark(clip);
});
afterAll(() => rm(folder, { recursive: true }));

async function mark(bytes: Buffer, by = identity, made = MADE): Promise<Buffer> {
  const { clip: result, fault } = await markClip(TOOL, bytes, made, by);
  expect(fault).toBeUndefined();
  return result;
}

const read = async (bytes: Buffer): Promise<Reading> =>
  readMarks(TOOL, bytes, await readAnchors(join(folder, 'identity')));

const altered = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};
/** C2PA's box and where it is. */
const manifestOf = (bytes: Buffer) => {
  const box = boxesOf(bytes).find(({ kind, start }) => kind === 'uuid' && bytes.readUInt32BE(start + 8) === 0xd8fec3d6);
  if (!box) throw new Error('Expected a manifest in the clip');
  return box;
};

test('a clip of a model says in all three places that it was made with AI, and whose mark it is', async () => {
  const trained = `${SOURCES}trainedAlgorithmicMedia`;
  expect(await read(marked)).toEqual({
    plain: { tag: trained, xmp: trained },
    manifest: {
      ...{ state: 'Trusted', faults: [], generator: 'animate-bot 1.2.3', engine: 'fastvideo, FastWan' },
      ...{ source: trained, signer: identity.name },
    },
  });
  expect(marked.toString('latin1')).not.toContain('grace');
});

test('a clip of the preview says that a program moved the picture, and nothing of AI', async () => {
  const preview = await mark(clip, identity, { engine: 'preview', model: 'preview' });
  const moved = `${SOURCES}algorithmicallyEnhanced`;
  const { plain, manifest } = await read(preview);
  expect({ plain, source: manifest?.source }).toEqual({ plain: { tag: moved, xmp: moved }, source: moved });
  expect(preview.toString('latin1')).not.toContain('trainedAlgorithmicMedia');
});

test.each(['landlock', 'namespaces'] as const)('it is put on, and read, shut in by %s as well', async (kind) => {
  const tool = { ...TOOL, sandbox: createSandbox({ offered: [kind], python: TOOL.python }) };
  expect(await tool.sandbox.kind()).toBe(kind);
  const { clip: result, fault } = await markClip(tool, clip, MADE, identity);
  expect(fault).toBeUndefined();
  expect((await readMarks(tool, result, await readAnchors(join(folder, 'identity')))).manifest?.state).toBe('Trusted');
});

test('its pictures and their times stay as the engine made them', () => {
  expect(picturesOf(marked)).toBe(picturesOf(clip));
});

test('a clip that is marked again has one mark, and nothing of an earlier one', async () => {
  const again = await mark(marked);
  expect(boxesOf(again).filter(({ kind }) => kind === 'uuid')).toHaveLength(2);
  expect(await read(again)).toEqual(await read(marked));
});

test('a copy that another program makes has the plain tag still', async () => {
  const { plain, manifest } = await read(await copyByAnotherProgram(marked));
  expect({ plain, manifest }).toEqual({ plain: { tag: `${SOURCES}trainedAlgorithmicMedia` }, manifest: null });
});

test('a clip without a mark has none', async () => {
  expect(await read(clip)).toEqual({ plain: {}, manifest: null });
});

test('the mark of another installation holds, and is not taken for ours', async () => {
  const other = await makeIdentity(join(folder, 'other'));
  const { manifest } = await read(await mark(clip, other));
  expect(manifest).toMatchObject({ state: 'Valid', faults: ['signingCredential.untrusted'], signer: other.name });
});

test.each<[string, () => Buffer | Promise<Buffer>]>([
  [
    'a byte of its pictures',
    () => altered(marked, (boxesOf(marked).find(({ kind }) => kind === 'mdat')?.end ?? 0) - 1),
  ],
  ['a byte of its plain metadata', () => altered(marked, marked.lastIndexOf('trainedAlgorithmicMedia'))],
  ['a byte of what is signed', () => altered(marked, marked.indexOf('c2pa.created'))],
  [
    'its signature',
    () => altered(marked, marked.indexOf(Buffer.from('5840', 'hex'), marked.indexOf('c2pa.signature')) + 9),
  ],
  [
    'its manifest, in the place of which is that of another clip',
    async () => {
      const other = await mark(await drawClip('96x128'));
      const [mine, theirs] = [manifestOf(marked), manifestOf(other)];
      const foreign = other.subarray(theirs.start, theirs.end);
      expect(foreign.length).toBe(mine.end - mine.start);
      return Buffer.concat([marked.subarray(0, mine.start), foreign, marked.subarray(mine.end)]);
    },
  ],
])('who alters %s is found out', async (_what, alter) => {
  const { manifest } = await read(await alter());
  expect(manifest?.state).toBe('Invalid');
  expect(manifest?.faults.join()).not.toBe('');
});

test('a clip whose manifest was cut out has plain metadata alone', async () => {
  const { start, end } = manifestOf(marked);
  const hole = Buffer.from(marked);
  hole.write('free', start + 4, 'latin1');
  expect(await read(hole)).toMatchObject({ plain: { xmp: expect.anything() }, manifest: null });
  expect(end - start).toBeLessThan(20_000);
});

test('without an identity, and without the library, plain metadata is there all the same', async () => {
  const { clip: unsigned, fault } = await markClip(TOOL, clip, MADE, undefined);
  expect(fault).toBeUndefined();
  expect(await read(unsigned)).toMatchObject({ plain: { tag: expect.anything() }, manifest: null });

  const without = await script(
    `exec ${TOOL.python()} -c 'import runpy, sys; sys.modules["c2pa"] = None; sys.path.insert(0, "."); sys.argv[1:] = ["mark"]; runpy.run_module("render_server.clip_marks", run_name="__main__")'`,
  );
  const plain = await markClip(toolOf(without), clip, MADE, identity);
  expect(plain.fault).toMatch(/^Plain metadata alone: ModuleNotFoundError: .*c2pa/);
  expect(await read(plain.clip)).toMatchObject({ plain: { tag: expect.anything() }, manifest: null });
});

test('what is no clip comes back as it is, with a sentence for the operator', async () => {
  const hostile = Buffer.from('#EXTM3U\nfile:///etc/passwd\n');
  const { clip: same, fault } = await markClip(TOOL, hostile, MADE, identity);
  expect(same).toBe(hostile);
  expect(fault).toMatch(/^No mark at all: It could not be marked \(exit code 1\): .*Invalid/);
});

async function script(text: string): Promise<string> {
  const file = join(await mkdtemp(join(folder, 'tool-')), 'tool');
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o700);
  return file;
}

/** A tool that was taken over: asks what a Python expression says, and hands on what it is answered. */
const takenOver = (questions: string): Promise<string> =>
  script(`exec ${TOOL.python()} -c '
import struct, sys
for question in (${questions}):
    sys.stdout.buffer.write(struct.pack(">I", len(question)) + question)
    sys.stdout.buffer.flush()
heard = sys.stdin.buffer.read()
answer = heard[-68:]
sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
'`);

test.each([
  ['something that is no mark', 'b"tbsCertificate",'],
  ['more than a mark has', 'b"\\x84jSignature1" + b"x" * 70000,'],
])('a tool that was taken over gets no signature for %s', async (_what, questions) => {
  const { clip: same, fault } = await markClip(toolOf(await takenOver(questions)), clip, MADE, identity);
  expect(same).toBe(clip);
  expect(fault).toMatch(/^No mark at all: Expected a (COSE Sig_structure|short question)/);
});

test('a tool that was taken over gets one signature, however often it asks', async () => {
  const asking = 'b"\\x84jSignature1 first", b"\\x84jSignature1 second"';
  let signed = 0;
  const counting: Identity = {
    ...identity,
    sign(question) {
      signed += 1;
      return identity.sign(question);
    },
  };
  await markClip(toolOf(await takenOver(asking)), clip, MADE, counting);
  expect(signed).toBe(1);
});
