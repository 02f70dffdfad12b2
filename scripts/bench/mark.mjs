// `npm run bench:mark`: what the mark costs a clip in bytes and in time: 5 s of 480p by the preview, marked 20 times as a bot does it,
// shut in and one after the other; and the same without what signs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python, root, setUp } from '../setup.mjs';

const TIMES = 20;

setUp();
const { createCertify, markClip, readMarks } = await import('../../dist/media/clip-marks.js');
const { openIdentity, readAnchors } = await import('../../dist/media/identity.js');
const { createSandbox } = await import('../../dist/media/sandbox.js');

const folder = mkdtempSync(join(tmpdir(), 'animate-mark-'));
const picture = join(root, 'test', 'fixtures', 'astronaut.jpg');
const file = join(folder, 'clip.mp4');
const asked = ['--image', picture, '--prompt', 'slow zoom in', '--output', file, '--seed', '7'];
execFileSync(process.execPath, [join(root, 'dist', 'main.js'), 'render', ...asked], {
  env: { ...process.env, DATA_FOLDER: join(folder, 'none') },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const clip = readFileSync(file);
const sandbox = createSandbox();
const tool = { python: () => python, serverFolder: join(root, 'python'), sandbox, version: '0.0.0' };
const identity = await openIdentity(join(folder, 'identity'), createCertify(tool));
const anchors = await readAnchors(join(folder, 'identity'));
const made = { engine: 'fastvideo', model: 'FastVideo/FastWan2.2-TI2V-5B-FullAttn-Diffusers' };
const { clip: plain } = await markClip(tool, clip, made, undefined);
const { clip: marked, fault } = await markClip(tool, clip, made, identity);
if (fault) throw new Error(fault);
process.stdout.write(`${await sandbox.kind()}, a clip of ${plain.length} bytes with plain metadata\n`);
process.stdout.write(
  `signed: ${marked.length - plain.length} bytes more, ${((100 * (marked.length - plain.length)) / plain.length).toFixed(2)} %\n`,
);
const unmarked = readFileSync(join(root, 'test', 'fixtures', 'clip.mp4'));
const { clip: tagged } = await markClip(tool, unmarked, made, undefined);
process.stdout.write(`plain metadata: ${tagged.length - unmarked.length} bytes\n`);
await tell('marked and signed', () => markClip(tool, clip, made, identity));
await tell('plain metadata alone', () => markClip(tool, clip, made, undefined));
await tell('read', () => readMarks(tool, marked, anchors));
rmSync(folder, { recursive: true });

async function tell(what, act) {
  const took = [];
  for (let index = 0; index < TIMES; index += 1) {
    const began = performance.now();
    await act();
    took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  const median = (took[TIMES / 2 - 1] + took[TIMES / 2]) / 2;
  process.stdout.write(
    `${what}: ${median.toFixed(0)} ms, ${took[0].toFixed(0)} to ${took.at(-1).toFixed(0)} (median of ${TIMES})\n`,
  );
}
