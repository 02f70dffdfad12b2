// Is this picture safe and usable? Answers with a plain PNG that is ready for the model, or with one sentence for the member.
// Nothing is decoded in this process: the bytes come from strangers.
import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createDeadline } from '../deadline.ts';
import { type Fit, type Frame, MAX_ASPECT, type Size } from '../render.ts';
import { createDecoderPool } from './decoder-pool.ts';
import { type DecoderDeath, type DecoderProcess, startDecoder } from './decoder-process.ts';
import type { DecoderReply, DecoderRequest, PictureHeader, PlainPicture } from './decoder-protocol.ts';
import { type PictureName, pictureType } from './picture-type.ts';
import {
  animatedPicture,
  brokenPicture,
  emptyPicture,
  slowPicture,
  tooExtreme,
  tooManyBytes,
  tooManyPixels,
  tooMuchMemory,
  tooSmall,
  wrongType,
} from './refusals.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import { planShape } from './shape.ts';

export interface NormalisedPicture extends Size {
  /** 8-bit RGB, upright, no metadata, at most LONGEST_SIDE on its long side. */
  png: Buffer;
}

export interface NormaliseOptions {
  /** What becomes of a picture that is too wide or too tall; without it such a picture is refused. */
  fit?: Fit | undefined;
  /** Which frame of an animation is taken; without it an animation is refused. */
  frame?: Frame | undefined;
  signal?: AbortSignal | undefined;
}

export interface Intake {
  /** Throws a UserError with the sentence to show when the picture cannot be used. */
  normalise(bytes: Buffer, filename: string, options?: NormaliseOptions): Promise<NormalisedPicture>;
  /** Kills the decoders; pictures under way are rejected with an AbortError. */
  stop(): Promise<void>;
}

export interface IntakeOptions {
  maxBytes: number;
  maxPixels: number;
  /** For one picture, once its turn has come. */
  timeoutMs: number;
  /** Pictures decoded at once; each may hold `mostDecoderMemory(maxPixels)`. */
  concurrency?: number;
  /** Where decoder.ts was built to. */
  decoderPath?: string;
  /** What decoders are shut in by; else by what this machine has. */
  sandbox?: Sandbox;
}

/** Below this a picture is an emoji: enlarged some ten times, nothing of it would be left to animate. */
export const SMALLEST_SIDE = 64;

/** The largest clip is 1280 pixels wide. Beyond this the model sees nothing more, and every later step only costs more. */
export const LONGEST_SIDE = 2048;

const DEFAULT_CONCURRENCY = 2;
const DECODER_START_TIMEOUT_MS = 20_000;

/**
 * A pixel of an interlaced PNG counts as so many: its seven passes take 2.1 times as long (16 megapixels of 16-bit RGBA: 1.73 s and
 * 0.83 s), and the whole picture has to be held.
 */
const INTERLACED_COST = 3;

/** And one of AVIF as so many: 12 megapixels of 10 bits without subsampling held 369 MiB, 20 of 8 bits 439 MiB. */
const AVIF_COST = 2;

const PICTURES_PER_DECODER = 100;
/** What a decoder holds while it has no picture. One that holds more has less left for the next than it is promised. */
const DECODER_ITSELF_BYTES = 128 * 1024 * 1024;

/**
 * What one decoder may hold, in bytes, when pictures may have so many pixels. The greediest of 52 megapixels that could be
 * made (an interlaced 16-bit PNG with alpha) held 537 MB.
 */
export function mostDecoderMemory(maxPixels: number): number {
  const BYTES_PER_PIXEL = 12;
  return DECODER_ITSELF_BYTES + BYTES_PER_PIXEL * maxPixels;
}

export function createIntake(options: IntakeOptions): Intake {
  const { maxBytes, maxPixels, timeoutMs, concurrency = DEFAULT_CONCURRENCY, decoderPath = builtDecoder() } = options;
  const { sandbox = createSandbox() } = options;
  const maxMemoryBytes = mostDecoderMemory(maxPixels);
  const stopped = new AbortController();
  // One for each picture that is at a decoder or in line; Node would take eleven for a leak and say so to the operator.
  setMaxListeners(0, stopped.signal);
  const decoders = createDecoderPool({
    start: () => startDecoder({ path: decoderPath, startTimeoutMs: DECODER_START_TIMEOUT_MS, maxMemoryBytes, sandbox }),
    size: concurrency,
    mostUses: PICTURES_PER_DECODER,
  });

  function requireUsable(name: PictureName, header: PictureHeader, { fit, frame }: NormaliseOptions): void {
    if (header.pages > 1 && frame === undefined) {
      throw animatedPicture(name);
    }
    const cost = header.isInterlaced ? INTERLACED_COST : name === 'AVIF' ? AVIF_COST : 1;
    const mostPixels = Math.floor(maxPixels / cost);
    if (Math.max(header.width * header.height, header.codedPixels ?? 0) > mostPixels) {
      throw tooManyPixels(header, mostPixels);
    }
    if (Math.min(header.width, header.height) < SMALLEST_SIDE) {
      throw tooSmall(header, SMALLEST_SIDE);
    }
    requireShape(header, fit);
  }

  function failure(answer: DecoderReply | DecoderDeath): Error {
    if (answer.type === 'died' && answer.isOutOfMemory) {
      return tooMuchMemory(maxMemoryBytes);
    }
    return brokenPicture('detail' in answer ? answer.detail : `Expected another answer than \`${answer.type}\``);
  }

  async function decode(
    decoder: DecoderProcess,
    { name, bytes, options }: { name: PictureName; bytes: Buffer; options: NormaliseOptions },
    signal: AbortSignal,
  ): Promise<PlainPicture> {
    const opened = await askThenRetireIfWorn(decoder, { type: 'open', name, bytes }, signal);
    if (opened.type !== 'opened') {
      throw failure(opened);
    }
    requireUsable(name, opened.header, options);
    const convert = { type: 'convert', maxPixels, longestSide: LONGEST_SIDE, fit: options.fit } as const;
    const converted = await askThenRetireIfWorn(decoder, convert, signal);
    if (converted.type !== 'converted') {
      throw failure(converted);
    }
    if (!isPlainPng(converted.picture)) {
      await decoder.kill();
      throw brokenPicture('Expected a plain 8-bit RGB PNG from the decoder');
    }
    return converted.picture;
  }

  return {
    async normalise(bytes, filename, options = {}) {
      if (bytes.length === 0) {
        throw emptyPicture();
      }
      if (bytes.length > maxBytes) {
        throw tooManyBytes(bytes.length, maxBytes);
      }
      const type = pictureType(bytes);
      if (type === undefined || !type.isUsable) {
        throw wrongType(type, filename);
      }
      const { name } = type;
      const { signal } = options;
      using deadline = createDeadline(signal === undefined ? [stopped.signal] : [signal, stopped.signal]);
      return await decoders.use(async (decoder) => {
        deadline.start(timeoutMs);
        try {
          const { png, width, height } = await decode(decoder, { name, bytes, options }, deadline.signal);
          return { png: Buffer.from(png.buffer, png.byteOffset, png.byteLength), width, height };
        } catch (error) {
          // A decoder that was killed for either reason looks like one that crashed.
          if (deadline.hasPassed()) {
            throw slowPicture(timeoutMs);
          }
          deadline.signal.throwIfAborted();
          throw error;
        }
      }, deadline.signal);
    },

    async stop() {
      stopped.abort(new DOMException('The picture intake was stopped', 'AbortError'));
      await decoders.stop();
    },
  };
}

/** Compiled, the decoder lies beside this file. From sources, as in tests, it is the built one. */
function builtDecoder(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../../dist/media/decoder.js' : './decoder.js', here));
}

/** Memory that a decoder has not given back by the end of a picture, it never will: the next one gets a fresh process. */
async function askThenRetireIfWorn(decoder: DecoderProcess, request: DecoderRequest, signal: AbortSignal) {
  const answer = await decoder.ask(request, signal);
  if ('residentBytes' in answer && answer.residentBytes > DECODER_ITSELF_BYTES) {
    await decoder.kill();
  }
  return answer;
}

/** What cannot be animated as it is: refused with what would make it fit, or made to fit. */
function requireShape({ width, height }: Size, fit: Fit | undefined): void {
  if (Math.max(width, height) <= MAX_ASPECT * Math.min(width, height)) return;
  const { picture } = planShape({ width, height }, 'pad', LONGEST_SIDE);
  const isPadded = Math.min(picture.width, picture.height) >= SMALLEST_SIDE;
  if (fit === 'crop' || (fit === 'pad' && isPadded)) return;
  throw tooExtreme({ width, height }, isPadded ? ['crop', 'pad'] : ['crop']);
}

/** The decoder is not to be believed either: what it hands over goes to the model and to the chat. */
function isPlainPng({ png, width, height }: PlainPicture): boolean {
  const header = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const BIT_DEPTH_8_RGB = 0x0802;
  return (
    header.length > 33 &&
    isPng(header) &&
    header.readUInt32BE(16) === width &&
    header.readUInt32BE(20) === height &&
    header.readUInt16BE(24) === BIT_DEPTH_8_RGB &&
    Math.max(width, height) <= LONGEST_SIDE
  );
}

function isPng(bytes: Buffer): boolean {
  const type = pictureType(bytes);
  return type?.isUsable === true && type.name === 'PNG';
}
