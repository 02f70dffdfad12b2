// The marks of a clip that it was made here, put on and read. Each is a short process, shut in: the clip is an engine's or a
// stranger's, and the key is not where its bytes are looked at.
import { z } from 'zod';
import { OperationError } from '../errors.ts';
import { isMadeWithAi, type RenderResult } from '../render.ts';
import type { Certify, Identity } from './identity.ts';
import { packFiles, unpackFiles } from './packed-files.ts';
import type { Sandbox } from './sandbox.ts';
import { type Ended, runShortProcess, type ShortProcess } from './short-process.ts';

const WITHIN_MS = 60_000;
const MAX_MEMORY_BYTES = 2 ** 30;
/** The tool's way of saying that the clip has its plain metadata alone. */
const EXIT_PLAIN = 4;

/** What is told of a clip in its mark: nothing of its member, their words or their picture. */
export type Made = Pick<RenderResult, 'engine' | 'model'>;

export interface MarkTool {
  python: () => string;
  /** Has the package render_server. */
  serverFolder: string;
  sandbox: Sandbox;
  version: string;
}

export interface Marked {
  clip: Buffer;
  /** What it lacks, and why. Without an identity it is not to be signed, and lacks nothing for that. */
  fault?: string;
}

/** A clip that cannot be marked comes back as it is: that is no reason to keep it from its member. */
export async function markClip(
  tool: MarkTool,
  clip: Buffer,
  made: Made,
  identity: Identity | undefined,
): Promise<Marked> {
  try {
    return await tryToMark(tool, clip, made, identity);
  } catch (error) {
    return { clip, fault: `No mark at all: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function tryToMark(tool: MarkTool, clip: Buffer, made: Made, identity: Identity | undefined): Promise<Marked> {
  const about = {
    ...describe(made),
    generator: ['animate-bot', tool.version],
    certificates: identity?.certificates ?? null,
  };
  const answer = (question: Buffer): Buffer => {
    if (!identity) throw new TypeError('Expected no question of a clip that is not signed, got one');
    return packFiles([identity.sign(question)]);
  };
  const ended = await run(tool, 'mark', { input: packFiles([toJson(about), clip]), answer });
  const isPlain = ended.exitCode === EXIT_PLAIN;
  const [marked] = isPlain || ended.exitCode === 0 ? unpackFiles(ended.output) : [];
  if (!marked) throw failed('marked', ended);
  return { clip: marked, ...(isPlain && { fault: `Plain metadata alone: ${ended.complaint}` }) };
}

const text = z.string().max(500).nullish();
const readingSchema = z.object({
  plain: z.object({ tag: z.string().max(200).optional(), xmp: z.string().max(200).optional() }),
  manifest: z
    .object({
      state: z.enum(['Trusted', 'Valid', 'Invalid']),
      faults: z.array(z.string().max(300)).max(1000),
      ...{ generator: text, engine: text, source: text, signer: text },
    })
    .nullable(),
});

/** What a file says of itself, as it is: others may have written it. */
export type Reading = z.infer<typeof readingSchema>;

/** `anchors` are the authorities whose marks are this installation's. */
export async function readMarks(tool: MarkTool, file: Buffer, anchors: string[]): Promise<Reading> {
  const ended = await run(tool, 'verify', { input: packFiles([toJson({ anchors: anchors.join('\n') }), file]) });
  if (ended.exitCode !== 0) throw failed('read', ended);
  return readingSchema.parse(JSON.parse(ended.output.toString()));
}

export function createCertify(tool: MarkTool): Certify {
  return async (publicKey, name) => {
    const ended = await run(tool, 'certify', { input: packFiles([toJson({ publicKey, name })]) });
    if (ended.exitCode !== 0) throw failed('certified', ended);
    return ended.output.toString();
  };
}

function run(
  { python, serverFolder, sandbox }: MarkTool,
  what: string,
  given: Pick<ShortProcess, 'input' | 'answer'>,
): Promise<Ended> {
  return runShortProcess({
    ...{ program: python(), args: ['-m', 'render_server.clip_marks', what], folder: serverFolder, ...given },
    ...{ withinMs: WITHIN_MS, maxMemoryBytes: MAX_MEMORY_BYTES, sandbox },
  });
}

function describe(made: Made) {
  const { engine, model } = made;
  // Where an operator keeps weights is their own affair.
  const weights = model.startsWith('/') ? (model.split('/').at(-1) ?? '') : model;
  return {
    engine: weights === engine || weights === '' ? engine : `${engine}, ${weights}`,
    ...(isMadeWithAi(made)
      ? { source: 'trainedAlgorithmicMedia', words: 'AI-generated video, made with animate-bot.' }
      : {
          source: 'algorithmicallyEnhanced',
          words: 'A camera move over a picture, made with animate-bot without AI.',
        }),
  };
}

function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function failed(what: string, { how, complaint }: Ended): OperationError {
  return new OperationError('setup_missing', `It could not be ${what} (${how}): ${complaint}`);
}
