// BMP, in the variants that browsers show: with and without a palette, 16 to 32 bits by masks, run-length encoded, upside down.
// See https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage
// Not BMPs in which a JPEG or PNG is wrapped, and not the profile that the newest header can hold.

export interface BmpHeader {
  width: number;
  height: number;
}

interface Layout extends BmpHeader {
  isTopDown: boolean;
  bits: number;
  compression: number;
  /** Of red, green, blue and alpha. */
  masks: readonly [number, number, number, number];
  /** Three bytes or four for each colour. */
  palette: Buffer;
  paletteStep: 3 | 4;
  start: number;
}

const FILE_HEADER_BYTES = 14;
const OLD_HEADER_BYTES = 12;
const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

const USUAL_MASKS: Readonly<Record<number, Layout['masks']>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
};

/** Throws where it is none that can be read. */
export function readBmpHeader(bytes: Buffer): BmpHeader {
  const { width, height } = readLayout(bytes);
  return { width, height };
}

function readLayout(bytes: Buffer): Layout {
  const headerBytes = bytes.readUInt32LE(FILE_HEADER_BYTES);
  const isOld = headerBytes === OLD_HEADER_BYTES;
  if (!isOld && headerBytes < 16) throw new Error(`Expected a header of a BMP, got one of ${headerBytes} bytes`);
  const has = (offset: number) => headerBytes >= offset + 4;
  const at = FILE_HEADER_BYTES;
  const signedHeight = isOld ? bytes.readUInt16LE(at + 6) : bytes.readInt32LE(at + 8);
  const bits = bytes.readUInt16LE(at + (isOld ? 10 : 14));
  const compression = has(16) ? bytes.readUInt32LE(at + 16) : RGB;
  const start = bytes.readUInt32LE(10);
  const isMasked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  // Behind the short header, inside the longer ones: the same place.
  const mask = (index: number) => bytes.readUInt32LE(at + 40 + 4 * index);
  const hasAlpha = compression === ALPHA_BITFIELDS || headerBytes >= 56;
  const usual = USUAL_MASKS[bits] ?? [0, 0, 0, 0];
  const layout: Layout = {
    width: isOld ? bytes.readUInt16LE(at + 4) : bytes.readInt32LE(at + 4),
    height: Math.abs(signedHeight),
    isTopDown: signedHeight < 0,
    bits,
    compression,
    masks: isMasked ? [mask(0), mask(1), mask(2), hasAlpha ? mask(3) : 0] : usual,
    palette: bytes.subarray(at + headerBytes + (isMasked && headerBytes === 40 ? 12 : 0), start),
    paletteStep: isOld ? 3 : 4,
    start,
  };
  requireReadable(layout);
  return layout;
}

function requireReadable({ width, height, bits, compression, isTopDown, start }: Layout): void {
  const isKnown =
    (compression === RGB && [1, 2, 4, 8, 16, 24, 32].includes(bits)) ||
    (compression === RLE8 && bits === 8 && !isTopDown) ||
    (compression === RLE4 && bits === 4 && !isTopDown) ||
    ((compression === BITFIELDS || compression === ALPHA_BITFIELDS) && (bits === 16 || bits === 32));
  if (!isKnown) throw new Error(`Expected a BMP of a known kind, got ${bits} bits, compression ${compression}`);
  if (width <= 0 || height <= 0 || start < FILE_HEADER_BYTES) throw new Error('Expected a BMP with a size');
}

/** How much of its rows a BMP may lack at its end and still be shown. */
const MIN_SHARE = 0.9;

/** Red, green, blue and alpha. The caller has compared the size with its limit. */
export function decodeBmp(bytes: Buffer): Buffer {
  const layout = readLayout(bytes);
  const out = Buffer.alloc(layout.width * layout.height * 4);
  if (layout.compression === RLE8 || layout.compression === RLE4) decodeRuns(bytes, layout, out);
  else if (layout.bits <= 8) decodeRows(bytes, layout, out, readIndexed(layout));
  else decodeRows(bytes, layout, out, layout.bits === 24 ? readPlain : readMasked(layout));
  if (layout.masks[3] !== 0) showIfInvisible(out);
  return out;
}

/** Many programs leave the alpha of all pixels at 0 and mean the opposite. */
function showIfInvisible(out: Buffer): void {
  for (let at = 3; at < out.length; at += 4) if (out[at] !== 0) return;
  for (let at = 3; at < out.length; at += 4) out[at] = 0xff;
}

type ReadPixel = (row: Buffer, column: number, out: Buffer, to: number) => void;

function decodeRows(
  bytes: Buffer,
  { width, height, bits, isTopDown, start }: Layout,
  out: Buffer,
  read: ReadPixel,
): void {
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const used = Math.ceil((width * bits) / 8);
  const there = Math.floor((bytes.length - start + rowBytes - used) / rowBytes);
  if (there < height * MIN_SHARE) throw new Error(`Expected ${height} rows, got ${Math.max(there, 0)}`);
  for (let index = 0; index < Math.min(height, there); index += 1) {
    const row = bytes.subarray(start + index * rowBytes, start + index * rowBytes + used);
    let to = (isTopDown ? index : height - 1 - index) * width * 4;
    for (let column = 0; column < width; column += 1, to += 4) read(row, column, out, to);
  }
}

const readPlain: ReadPixel = (row, column, out, to) => {
  out[to] = row[column * 3 + 2] ?? 0;
  out[to + 1] = row[column * 3 + 1] ?? 0;
  out[to + 2] = row[column * 3] ?? 0;
  out[to + 3] = 0xff;
};

function readMasked({ bits, masks }: Layout): ReadPixel {
  const channels = masks.map(toChannel);
  return (row, column, out, to) => {
    const value = bits === 16 ? row.readUInt16LE(column * 2) : row.readUInt32LE(column * 4);
    for (let index = 0; index < 4; index += 1) {
      const { mask, shift, most } = channels[index] ?? NO_CHANNEL;
      // Without a mask there is no such colour, and all of it is to be seen.
      out[to + index] = most === 0 ? (index === 3 ? 0xff : 0) : Math.round((((value & mask) >>> shift) / most) * 0xff);
    }
  };
}

const NO_CHANNEL = { mask: 0, shift: 0, most: 0 };

function toChannel(mask: number): { mask: number; shift: number; most: number } {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  return { mask, shift, most: mask >>> shift };
}

function readIndexed({ bits, palette, paletteStep }: Layout): ReadPixel {
  const perByte = 8 / bits;
  return (row, column, out, to) => {
    const byte = row[Math.floor(column / perByte)] ?? 0;
    const index = (byte >>> (8 - bits - (column % perByte) * bits)) & ((1 << bits) - 1);
    paint(palette, paletteStep, index, out, to);
  };
}

function paint(palette: Buffer, step: number, index: number, out: Buffer, to: number): void {
  out[to] = palette[index * step + 2] ?? 0;
  out[to + 1] = palette[index * step + 1] ?? 0;
  out[to + 2] = palette[index * step] ?? 0;
  out[to + 3] = 0xff;
}

/** Runs of one colour, pixels one by one, and jumps that leave out what is transparent. */
function decodeRuns(bytes: Buffer, { width, height, bits, palette, paletteStep, start }: Layout, out: Buffer): void {
  let [column, row, at] = [0, 0, start];
  const put = (index: number) => {
    if (column < width && row < height)
      paint(palette, paletteStep, index, out, ((height - 1 - row) * width + column) * 4);
    column += 1;
  };
  const half = (byte: number, position: number) => (position % 2 === 0 ? byte >>> 4 : byte & 0x0f);
  while (at + 1 < bytes.length && row < height) {
    const [count = 0, value = 0] = bytes.subarray(at, at + 2);
    at += 2;
    if (count > 0) {
      for (let index = 0; index < count; index += 1) put(bits === 8 ? value : half(value, index));
    } else if (value === 0) {
      [column, row] = [0, row + 1];
    } else if (value === 1) {
      return;
    } else if (value === 2) {
      column += bytes[at] ?? 0;
      row += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      for (let index = 0; index < value; index += 1) {
        put(bits === 8 ? (bytes[at + index] ?? 0) : half(bytes[at + Math.floor(index / 2)] ?? 0, index));
      }
      at += Math.ceil((value * bits) / 16) * 2;
    }
  }
  if (row < height * MIN_SHARE) throw new Error(`Expected ${height} rows, got ${row}`);
}
