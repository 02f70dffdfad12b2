// Pictures for tests, drawn on the spot, and files that no program here would write.
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A smooth gradient with a mark in each corner, so that a frame can be told from any other picture. */
export async function drawPicture(width = 320, height = 240): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#204080"/><stop offset="1" stop-color="#f0a040"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/><circle cx="60" cy="60" r="30" fill="#fff"/>
    <rect x="${width - 90}" y="${height - 70}" width="60" height="40" fill="#181818"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

export type Colour = readonly [red: number, green: number, blue: number];

/** A colour in each quarter: top left, top right, bottom left, bottom right. */
export function drawQuarters(colours: readonly Colour[], width = 128, height = 96): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    const quarter = (at % width >= width / 2 ? 1 : 0) + (at >= (width * height) / 2 ? 2 : 0);
    data.set(colours[quarter] ?? [0, 0, 0], at * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The colours in the middles of the quarters of a picture. */
export async function readQuarters(picture: Buffer): Promise<Colour[]> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): Colour => {
    const offset = (Math.floor(info.height * y) * info.width + Math.floor(info.width * x)) * info.channels;
    return [data[offset] ?? -1, data[offset + 1] ?? -1, data[offset + 2] ?? -1];
  };
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)];
}

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function pngChunk(name: string, data: Buffer | number[]): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(data)]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(body.length - 4, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const END_OF_IHDR = 33;

/** The same PNG with these chunks before its pixels. */
export function withChunks(png: Buffer, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, END_OF_IHDR), ...chunks, png.subarray(END_OF_IHDR)]);
}

export interface PlainPng {
  width: number;
  height: number;
  /** Three for each pixel. */
  pixels: Buffer;
}

/** An 8-bit RGB PNG, with a hand in how its pixels are packed. */
export function buildPng({ width, height, pixels }: PlainPng, pack = (packed: Buffer): Buffer => packed): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let row = 0; row < height; row += 1)
    pixels.copy(rows, row * (width * 3 + 1) + 1, row * width * 3, (row + 1) * width * 3);
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', Buffer.concat([bigEndian(width, height), Buffer.from([8, 2, 0, 0, 0])])),
    pngChunk('IDAT', pack(deflateSync(rows))),
    pngChunk('IEND', []),
  ]);
}

export function bigEndian(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) out.writeUInt32BE(value, index * 4);
  return out;
}

/** An animation of so many frames, of which only the first is there: all that anybody reads of it here. */
export function withFrames(png: Buffer, frames: number): Buffer {
  const { width, height } = { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
  const control = Buffer.concat([bigEndian(0, width, height, 0, 0), Buffer.from([0, 1, 0, 10, 0, 0])]);
  return withChunks(png, pngChunk('acTL', bigEndian(frames, 0)), pngChunk('fcTL', control));
}

/** A WebP that says to be an animation, and has this one picture. */
export async function buildAnimatedWebp(picture: Sharp, width: number, height: number): Promise<Buffer> {
  const still = (await picture.webp({ lossless: true }).toBuffer()).subarray(12);
  const u24 = (value: number) => Buffer.from([value & 255, (value >> 8) & 255, value >> 16]);
  const part = (name: string, ...content: Buffer[]) => {
    const data = Buffer.concat(content);
    return Buffer.concat([Buffer.from(name), littleEndian(data.length), data, Buffer.alloc(data.length % 2)]);
  };
  const size = Buffer.concat([u24(width - 1), u24(height - 1)]);
  const ANIMATION = Buffer.from([2, 0, 0, 0]);
  const body = [
    Buffer.from('WEBP'),
    part('VP8X', ANIMATION, size),
    part('ANIM', Buffer.alloc(6)),
    part('ANMF', u24(0), u24(0), size, u24(100), Buffer.from([0]), still),
  ];
  return Buffer.concat([Buffer.from('RIFF'), littleEndian(Buffer.concat(body).length), ...body]);
}

export function littleEndian(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) out.writeInt32LE(value | 0, index * 4);
  return out;
}

export interface BmpOptions {
  width: number;
  /** Negative: the first row is the top one. */
  height: number;
  bits: number;
  compression?: number;
  /** Behind the header, or in it where that is longer than 40 bytes. */
  masks?: number[];
  headerBytes?: 12 | 40 | 56 | 108 | 124;
  palette?: Colour[];
  data: Buffer;
}

export function buildBmp(options: BmpOptions): Buffer {
  const { width, height, bits, compression = 0, masks = [], headerBytes = 40, palette = [], data } = options;
  const planes = Buffer.from([1, 0, bits, 0]);
  const isOld = headerBytes === 12;
  const sizes = isOld ? Buffer.from([width & 255, width >> 8, height & 255, height >> 8]) : littleEndian(width, height);
  const rest = isOld
    ? Buffer.alloc(0)
    : Buffer.concat([littleEndian(compression, data.length, 2835, 2835, palette.length, 0), littleEndian(...masks)]);
  const header = Buffer.concat([littleEndian(headerBytes), sizes, planes, rest]);
  const padded = Buffer.concat([header, Buffer.alloc(Math.max(headerBytes - header.length, 0))]);
  const colours = palette.map(([red, green, blue]) => Buffer.from(isOld ? [blue, green, red] : [blue, green, red, 0]));
  const start = 14 + padded.length + Buffer.concat(colours).length;
  const file = [Buffer.from('BM'), littleEndian(start + data.length, 0, start), padded, ...colours, data];
  return Buffer.concat(file);
}

/** A profile that says so of its colour space and does nothing else but turn values into light by a power. */
export function buildProfile(power: number): Buffer {
  // sRGB's primaries, adapted to the white of profiles.
  const colours = { rXYZ: [0.4361, 0.2225, 0.0139], gXYZ: [0.3851, 0.7169, 0.0971], bXYZ: [0.1431, 0.0606, 0.7141] };
  const fixed = (value: number) => Math.round(value * 65536);
  const xyz = (values: number[]) => Buffer.concat([Buffer.from('XYZ \0\0\0\0'), bigEndian(...values.map(fixed))]);
  const curve = Buffer.concat([Buffer.from('curv\0\0\0\0'), bigEndian(1), Buffer.from([power, 0, 0, 0])]);
  const text = Buffer.concat([Buffer.from('desc\0\0\0\0'), bigEndian(2), Buffer.from('x\0'), Buffer.alloc(78 + 2)]);
  const tags: [string, Buffer][] = [
    ['desc', text],
    ['wtpt', xyz([0.9642, 1, 0.8249])],
    ...Object.entries(colours).map(([name, values]): [string, Buffer] => [name, xyz(values)]),
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [name, curve]),
  ];
  const table: Buffer[] = [];
  let at = 128 + 4 + tags.length * 12;
  for (const [name, data] of tags) {
    table.push(Buffer.from(name), bigEndian(at, data.length));
    at += data.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.write('\x02\x10\0\0mntrRGB XYZ ', 8, 'latin1');
  header.write('acsp', 36, 'latin1');
  header.set(bigEndian(fixed(0.9642), fixed(1), fixed(0.8249)), 68);
  return Buffer.concat([header, bigEndian(tags.length), ...table, ...tags.map(([, data]) => data)]);
}
