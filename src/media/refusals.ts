// What a member reads when their picture cannot be used: one sentence, with what was expected and what came.
import { UserError } from '../errors.ts';
import type { Size } from '../render.ts';
import { extensionOf, TAKEN_EXTENSIONS } from './picture-kinds.ts';
import type { PictureType } from './picture-type.ts';

const EXPECTED = 'a PNG, JPEG or WebP picture';
const LONGEST_NAME = 60;

export function emptyPicture(): UserError {
  return new UserError('picture_broken', `That file is empty; expected ${EXPECTED}.`);
}

export function tooManyBytes(bytes: number, maxBytes: number): UserError {
  return new UserError(
    'picture_too_large',
    `That picture is ${inMegabytes(bytes)} MB; expected at most ${inMegabytes(maxBytes)} MB.`,
  );
}

export function tooManyPixels({ width, height }: Size, maxPixels: number): UserError {
  return new UserError(
    'picture_too_large',
    `That picture is ${width}×${height}, ${inMegapixels(width * height)} megapixels; expected at most ${inMegapixels(maxPixels)} megapixels.`,
  );
}

export function tooMuchMemory(maxBytes: number): UserError {
  return new UserError(
    'picture_too_large',
    `That picture needs more than the ${Math.round(maxBytes / 1024 / 1024)} MB of memory allowed to open; make it smaller and send that.`,
  );
}

export function tooSmall({ width, height }: Size, smallestSide: number): UserError {
  return new UserError(
    'picture_too_small',
    `That picture is ${width}×${height} pixels; expected at least ${smallestSide} on each side.`,
  );
}

export function wrongType(type: PictureType | undefined, filename: string): UserError {
  if (type?.isAnimated) {
    return animatedPicture(type.isUsable ? `an animated ${type.name}` : type.noun);
  }
  const noun = type === undefined ? 'of a kind that we do not know' : type.isUsable ? `a ${type.name}` : type.noun;
  const hint = type !== undefined && !type.isUsable && type.hint !== undefined ? ` (${type.hint})` : '';
  // The name is worth repeating only where it claims to be what it is not.
  const name = TAKEN_EXTENSIONS.includes(extensionOf(filename)) ? shortName(filename) : '';
  const subject = name === '' ? 'That file is' : `That file is named ${name} but is`;
  return new UserError('picture_wrong_type', `${subject} ${noun}; expected ${EXPECTED}${hint}.`);
}

export function animatedPicture(noun: string): UserError {
  return new UserError('picture_animated', `That file is ${noun}; expected a still picture to bring to life.`, {
    offers: ['first_frame'],
  });
}

export function brokenPicture(detail: string): UserError {
  return new UserError(
    'picture_broken',
    'That picture is damaged or incomplete and cannot be opened; save it again as PNG or JPEG and send that.',
    { cause: new Error(detail) },
  );
}

export function slowPicture(timeoutMs: number): UserError {
  return new UserError(
    'picture_too_slow',
    `That picture takes more than the ${Number((timeoutMs / 1000).toFixed(1))} seconds allowed to open; save it again as a plain PNG or JPEG and send that.`,
  );
}

/** A stranger chose the name: only letters, digits and a few marks are repeated, so it cannot format, mention or link. */
function shortName(filename: string): string {
  const plain = filename.replaceAll(/[^\p{L}\p{N}. ()-]+/gu, '_').trim();
  return plain.length <= LONGEST_NAME ? plain : `${plain.slice(0, LONGEST_NAME / 2)}…${plain.slice(-LONGEST_NAME / 2)}`;
}

function inMegabytes(bytes: number): string {
  return String(Number((bytes / 1024 / 1024).toFixed(1)));
}

function inMegapixels(pixels: number): string {
  return String(Number((pixels / 1_000_000).toFixed(1)));
}
