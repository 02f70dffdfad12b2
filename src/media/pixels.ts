// From a picture's bytes to its pixels: upright, of the planned size, in sRGB with 8 bits, and perhaps with alpha. Runs in the
// decoder process alone.
import { deflateSync } from 'node:zlib';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { type Encoding, type Pixels, toSrgb } from './colour.ts';
import { hdrEncodingOf, isRgbProfile } from './formats/icc.ts';
import { withProfile } from './formats/png.ts';
import type { Shape } from './shape.ts';

/** What libvips is given, and what it does not find in there by itself. */
export interface Source {
  bytes: Uint8Array;
  /** Of bytes that are pixels already. */
  raw?: { width: number; height: number; channels: 3 | 4 };
  /** Of the colours, where no ICC profile says it. */
  encoding?: Encoding | undefined;
  /** Which libvips does not see: of pixels, and of what it would drop it of. */
  profile?: Buffer | undefined;
  /** The profile in the file has no say. */
  ignoresProfile?: boolean;
  /** Grey whose black is 16 and whose white is 235 of 255; libheif leaves it so. */
  isNarrowGrey?: boolean;
  /** `none` for a file whose end is missing. */
  failOn: 'warning' | 'error' | 'none';
}

export interface Rgb {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

export async function readPixels(source: Source, { picture, isCropped }: Shape, maxPixels: number): Promise<Rgb> {
  const { bytes, raw, failOn } = source;
  const open = (ignoreIcc: boolean): Sharp =>
    sharp(bytes, {
      ...{ failOn, ignoreIcc, autoOrient: raw === undefined, sequentialRead: true, limitInputPixels: maxPixels },
      ...(raw && { raw }),
    }).resize({ ...picture, fit: isCropped ? 'cover' : 'fill', kernel: 'lanczos3' });
  const metadata = await sharp(bytes, { failOn, limitInputPixels: maxPixels, ...(raw && { raw }) }).metadata();
  const meaning = readMeaning(source, metadata);
  if (meaning === 'ink') return fromInk(await toRaw(open(true).pipelineColourspace('cmyk').toColourspace('cmyk')));
  if (meaning === 'as libvips reads it') return toRgb(await toRaw(open(false).toColourspace('srgb')));
  const plain = await readPlain(open(true), metadata, source.isNarrowGrey ?? false);
  if ('transfer' in meaning) return { ...plain, data: toSrgb(plain, meaning) };
  return throughProfile({ ...plain, data: toBytes(plain.data) }, meaning.profile);
}

type Meaning = 'as libvips reads it' | 'ink' | Encoding | { profile: Buffer | undefined };

function readMeaning(source: Source, { space, icc, depth }: Metadata): Meaning {
  const profile = source.ignoresProfile ? undefined : (source.profile ?? icc);
  const encoding = source.encoding ?? (profile && hdrEncodingOf(profile));
  if (encoding !== undefined) return encoding;
  // Grey it would leave as it is, and 16 bits in Display P3, which sharp goes by.
  const isLost = space === 'b-w' || space === 'grey16' || depth === 'ushort';
  const isLostOn = isLost && profile !== undefined && isRgbProfile(profile);
  if (source.profile !== undefined || source.isNarrowGrey || isLostOn) return { profile };
  if (source.ignoresProfile) return { profile: undefined };
  // Browsers invert ink plainly; libvips would print it on a press that nobody has named.
  return space === 'cmyk' && profile === undefined ? 'ink' : 'as libvips reads it';
}

interface Raw {
  data: Buffer;
  info: { width: number; height: number; channels: number };
}

const toRaw = (picture: Sharp): Promise<Raw> => picture.raw().toBuffer({ resolveWithObject: true });

function toRgb({ data, info: { width, height, channels } }: Raw): Rgb {
  if (channels !== 3 && channels !== 4) throw new Error(`Expected 3 or 4 channels, got ${channels}`);
  return { data, width, height, channels };
}

/** The numbers as they are in the file, with all of their bits. */
async function readPlain(picture: Sharp, { depth }: Metadata, isNarrowGrey: boolean): Promise<Pixels & Rgb16> {
  const isDeep = depth === 'ushort';
  const raw = isDeep
    ? await picture.toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true })
    : await toRaw(picture.toColourspace('srgb'));
  const { width, height, channels } = toRgb(raw);
  const data = isDeep
    ? new Uint16Array(raw.data.buffer, raw.data.byteOffset, raw.data.length / 2)
    : new Uint8Array(raw.data.buffer, raw.data.byteOffset, raw.data.length);
  if (isNarrowGrey) widen(data, channels);
  return { data, width, height, channels };
}

type Rgb16 = Omit<Rgb, 'data'>;

function widen(data: Uint8Array | Uint16Array, channels: number): void {
  const most = data instanceof Uint8Array ? 0xff : 0xffff;
  const [black, white] = [(16 / 255) * most, (235 / 255) * most];
  for (let at = 0; at < data.length; at += 1) {
    if (channels === 4 && at % 4 === 3) continue;
    const share = ((data[at] ?? 0) - black) / (white - black);
    data[at] = Math.round(Math.min(Math.max(share, 0), 1) * most);
  }
}

function toBytes(data: Uint8Array | Uint16Array): Uint8Array {
  return data instanceof Uint8Array ? data : Uint8Array.from(data, (value) => Math.round(value / 257));
}

/** libvips takes a profile only from a file, so the pixels become one. */
async function throughProfile(pixels: Rgb, profile: Buffer | undefined): Promise<Rgb> {
  if (profile === undefined) return pixels;
  const { data, width, height, channels } = pixels;
  const png = await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 0 }).toBuffer();
  return toRgb(await toRaw(sharp(withProfile(png, profile, deflateSync)).toColourspace('srgb')));
}

function fromInk({ data, info: { width, height } }: Raw): Rgb {
  const out = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const light = 255 - (data[from + 3] ?? 0);
    for (let ink = 0; ink < 3; ink += 1) out[to + ink] = Math.round(((255 - (data[from + ink] ?? 0)) * light) / 255);
  }
  return { data: out, width, height, channels: 3 };
}
