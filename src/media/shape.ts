// How a picture is brought into a shape that can be animated, and down to a size. Pure.
import { type Fit, MAX_ASPECT, type Size } from '../render.ts';

export interface Shape {
  /** What is left of the picture, scaled. */
  picture: Size;
  /** What comes out; larger than the picture where it is padded. */
  canvas: Size;
  /** The picture's sides have another ratio: its middle is kept. */
  isCropped: boolean;
}

export function planShape(size: Size, fit: Fit | undefined, longestSide: number): Shape {
  const [long, short] = [Math.max(size.width, size.height), Math.min(size.width, size.height)];
  const isWide = size.width >= size.height;
  const toSize = (along: number, across: number): Size =>
    isWide ? { width: along, height: across } : { width: across, height: along };
  const isExtreme = long > MAX_ASPECT * short;
  const kept = isExtreme && fit === 'crop' ? MAX_ASPECT * short : long;
  const scale = Math.min(1, longestSide / kept);
  const along = Math.round(kept * scale);
  const across = Math.max(1, Math.round(short * scale));
  if (!isExtreme || fit === undefined) {
    return { picture: toSize(along, across), canvas: toSize(along, across), isCropped: false };
  }
  // Rounding must not leave it a hair beyond what is allowed.
  if (fit === 'crop') {
    const cut = toSize(Math.min(along, MAX_ASPECT * across), across);
    return { picture: cut, canvas: cut, isCropped: true };
  }
  const canvas = toSize(along, Math.ceil(along / MAX_ASPECT));
  return { picture: toSize(along, across), canvas, isCropped: false };
}
