// Why a picture cannot be used. The sentences are in ../refusals.ts, and those of other languages with the bots.
import type { Offer, UserError } from '../errors.ts';
import { refusal } from '../refusals.ts';
import { MAX_ASPECT, type Size } from '../render.ts';
import { extensionOf, TAKEN_EXTENSIONS } from './picture-kinds.ts';
import type { PictureName, PictureType } from './picture-type.ts';

const LONGEST_NAME = 60;

export function emptyPicture(): UserError {
  return refusal('picture_empty', {});
}

export function tooManyBytes(bytes: number, maxBytes: number): UserError {
  return refusal('picture_too_large', { bytes, most: maxBytes });
}

export function tooManyPixels({ width, height }: Size, maxPixels: number): UserError {
  return refusal('picture_too_many_pixels', { width, height, most: maxPixels });
}

export function tooMuchMemory(maxBytes: number): UserError {
  return refusal('picture_too_much_memory', { most: maxBytes });
}

export function tooSmall({ width, height }: Size, smallestSide: number): UserError {
  return refusal('picture_too_small', { width, height, smallest: smallestSide });
}

export function wrongType(type: PictureType | undefined, filename: string): UserError {
  const noun = type === undefined || type.isUsable ? '' : type.noun;
  // The name is worth repeating only where it claims to be what it is not.
  const name = TAKEN_EXTENSIONS.includes(extensionOf(filename)) ? shortName(filename) : '';
  return refusal('picture_wrong_type', { noun, name });
}

export function animatedPicture(name: PictureName): UserError {
  return refusal('picture_animated', { noun: `an animated ${name}` }, { offers: ['first_frame'] });
}

/** What its own middle would leave, and what is left of it within bars. */
export function tooExtreme(size: Size, offers: readonly Offer[]): UserError {
  return refusal('aspect_too_extreme', { ...size, most: MAX_ASPECT }, { offers });
}

export function brokenPicture(detail: string): UserError {
  return refusal('picture_broken', {}, { cause: new Error(detail) });
}

export function slowPicture(timeoutMs: number): UserError {
  return refusal('picture_too_slow', { seconds: Number((timeoutMs / 1000).toFixed(1)) });
}

/** A stranger chose the name: only letters, digits and a few marks are repeated, so it cannot format, mention or link. */
function shortName(filename: string): string {
  const plain = filename.replaceAll(/[^\p{L}\p{N}. ()-]+/gu, '_').trim();
  return plain.length <= LONGEST_NAME ? plain : `${plain.slice(0, LONGEST_NAME / 2)}…${plain.slice(-LONGEST_NAME / 2)}`;
}
