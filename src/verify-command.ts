// `animate-bot verify`: what the marks in a file say, in a sentence each, and an exit code for scripts.

import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { type Reading, readMarks } from './media/clip-marks.ts';
import { identityFolderOf, readAnchors } from './media/identity.ts';
import { readPlainFile } from './media/plain-file.ts';
import { createSandbox } from './media/sandbox.ts';
import { markToolOf } from './roles/mark.ts';
import { pythonOf } from './roles/package.ts';

const EXIT_CODES = { ours: 0, foreign: 5, altered: 6, plain: 7, none: 8 } as const;
const MAX_SHOWN = 200;

type Verdict = keyof typeof EXIT_CODES;

/** Prints what is found, and resolves to the exit code. */
export async function verifyFile(
  file: string,
  { json }: { json: boolean },
  config: Config,
  output: NodeJS.WritableStream = process.stdout,
): Promise<number> {
  const bytes = await buffer(Readable.from(readPlainFile(file))).catch((cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('bad_option', `Expected a file that can be read: ${clean(why)}`, { cause });
  });
  const anchors = await readAnchors(identityFolderOf(config.dataFolder));
  const reading = await readMarks(
    markToolOf(config, createSandbox({ python: () => pythonOf(config) })),
    bytes,
    anchors,
  );
  const verdict = judge(reading);
  if (json) output.write(`${JSON.stringify({ verdict, ...reading }, undefined, 2)}\n`);
  else for (const line of describe(verdict, reading)) output.write(`${line}\n`);
  return EXIT_CODES[verdict];
}

function judge({ manifest, plain }: Reading): Verdict {
  if (!manifest) return plain.tag === undefined && plain.xmp === undefined ? 'none' : 'plain';
  if (manifest.state === 'Invalid') return 'altered';
  return manifest.state === 'Trusted' ? 'ours' : 'foreign';
}

function* describe(verdict: Verdict, { manifest, plain }: Reading): Generator<string> {
  const signer = clean(manifest?.signer ?? 'nobody by name');
  switch (verdict) {
    case 'ours':
      yield `Made by this installation (${signer}), and not altered since.`;
      break;
    case 'foreign':
      yield `Signed by another, who calls itself ${signer}, and not altered since. Whether that is true, this installation cannot know.`;
      break;
    case 'altered':
      yield `It carries a signed mark that does not hold: the file or the mark was altered (${clean(manifest?.faults.join(', ') ?? '')}).`;
      break;
    case 'plain':
      yield 'No signed mark. It carries plain metadata, which anybody can write or change.';
      break;
    case 'none':
      yield 'No mark. That does not say that it was not generated: marks can be taken off.';
      break;
  }
  if (manifest?.generator)
    yield `Signed with: ${clean(manifest.generator)}${manifest.engine ? `, by the engine ${clean(manifest.engine)}` : ''}`;
  if (manifest?.source) yield `Signed source type: ${describeSource(manifest.source)}`;
  const places = Object.entries({ 'tag "comment"': plain.tag, XMP: plain.xmp });
  for (const [place, source] of places)
    if (source !== undefined) yield `Plain source type (${place}): ${describeSource(source)}`;
}

function describeSource(source: string): string {
  const [name] = /\w+$/.exec(source) ?? [];
  const meaning = {
    trainedAlgorithmicMedia: 'made with AI',
    algorithmicallyEnhanced: 'moved by a program, without AI',
  };
  const known = Object.entries(meaning).find(([type]) => type === name);
  return known ? `${known[0]} (${known[1]})` : clean(source);
}

/** A file's own words must not steer a terminal. */
function clean(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, MAX_SHOWN);
}
