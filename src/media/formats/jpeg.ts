// What a JPEG says of itself, and how much of one is there whose end is missing. Its pixels are read by libvips.
import sharp from 'sharp';

const ROWS = 200;
const COLUMNS = 16;
/** What the decoder puts where there is nothing. */
const MISSING = 128;
const TOLERANCE = 2;

/** The share of a JPEG's rows that there is data for, from 0 to 1. */
export async function shareOfRows(bytes: Uint8Array, maxPixels: number): Promise<number> {
  const pixels = await sharp(bytes, { failOn: 'none', ignoreIcc: true, limitInputPixels: maxPixels })
    .resize({ width: COLUMNS, height: ROWS, fit: 'fill', kernel: 'nearest' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const rowBytes = pixels.length / ROWS;
  let rows = ROWS;
  const isMissing = (row: Buffer) => row.every((value) => Math.abs(value - MISSING) <= TOLERANCE);
  while (rows > 0 && isMissing(pixels.subarray((rows - 1) * rowBytes, rows * rowBytes))) rows -= 1;
  return rows / ROWS;
}
