// What a PNG says of itself beside its pixels: how its colours are meant, and whether it is animated. Its pixels are read by
// libvips, but for those of a file that ends too early. See https://www.w3.org/TR/png-3/
import { crc32, createInflateRaw, inflateSync } from 'node:zlib';
import { type Encoding, encodingOf, isUsablePrimaries, type Primaries, SRGB_PRIMARIES } from '../colour.ts';
import { isRgbProfile } from './icc.ts';

interface Chunk {
  name: string;
  data: Buffer;
}

const SIGNATURE_BYTES = 8;
const MAX_CHUNKS = 100_000;

/** A last chunk that is cut off comes with what there is of it. */
function* chunksOf(png: Buffer): Generator<Chunk> {
  let offset = SIGNATURE_BYTES;
  for (let count = 0; count < MAX_CHUNKS && offset + 8 <= png.length; count += 1) {
    const length = png.readUInt32BE(offset);
    yield { name: png.toString('latin1', offset + 4, offset + 8), data: png.subarray(offset + 8, offset + 8 + length) };
    offset += 12 + length;
  }
}

export interface PngHeader {
  frames: number;
  /** Of the colours; undefined where they are sRGB or an ICC profile says what they are. */
  encoding: Encoding | undefined;
  /** An ICC profile in it has no say. */
  overridesProfile: boolean;
  /** Of a grey PNG, for three colours: libpng drops it. */
  profile: Buffer | undefined;
}

export function readPngHeader(png: Buffer): PngHeader {
  const first = new Map<string, Buffer>();
  for (const { name, data } of chunksOf(png)) {
    if (name === 'IDAT' || name === 'IEND') break;
    if (!first.has(name)) first.set(name, data);
  }
  const control = first.get('acTL');
  const frames = control !== undefined && control.length >= 4 ? control.readUInt32BE(0) : 1;
  const colour = readColour(first);
  return { frames, ...colour, profile: colour.overridesProfile ? undefined : readProfileOfGrey(first) };
}

/** cICP goes before an ICC profile, that before sRGB, and that before gAMA and cHRM. */
function readColour(chunks: Map<string, Buffer>): Pick<PngHeader, 'encoding' | 'overridesProfile'> {
  const [primaries, transfer, matrix, isFullRange] = chunks.get('cICP') ?? [];
  if (primaries !== undefined && transfer !== undefined && matrix === 0 && isFullRange === 1) {
    return { encoding: encodingOf(primaries, transfer), overridesProfile: true };
  }
  if (chunks.has('iCCP') || chunks.has('sRGB')) return { encoding: undefined, overridesProfile: false };
  const own = readPrimaries(chunks.get('cHRM'));
  const gamma = readGamma(chunks.get('gAMA'));
  if (own === undefined && gamma === undefined) return { encoding: undefined, overridesProfile: false };
  return { encoding: { primaries: own ?? SRGB_PRIMARIES, transfer: gamma ?? 'srgb' }, overridesProfile: false };
}

const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

function readProfileOfGrey(chunks: Map<string, Buffer>): Buffer | undefined {
  const isGrey = ((chunks.get('IHDR')?.[9] ?? 2) & 3) === 0;
  const data = chunks.get('iCCP');
  if (!isGrey || data === undefined) return undefined;
  try {
    const profile = inflateSync(data.subarray(data.indexOf(0) + 2), { maxOutputLength: MAX_PROFILE_BYTES });
    return isRgbProfile(profile) ? profile : undefined;
  } catch {
    return undefined; // As libpng does with a profile that is damaged.
  }
}

const PER_UNIT = 100_000;

function readGamma(data: Buffer | undefined): number | undefined {
  const stored = data !== undefined && data.length >= 4 ? data.readUInt32BE(0) / PER_UNIT : 0;
  // Outside of these it is a mistake, and browsers look past it.
  return stored >= 0.1 && stored <= 10 ? 1 / stored : undefined;
}

function readPrimaries(data: Buffer | undefined): Primaries | undefined {
  if (data === undefined || data.length < 32) return undefined;
  const point = (at: number) => [data.readUInt32BE(at) / PER_UNIT, data.readUInt32BE(at + 4) / PER_UNIT] as const;
  const primaries: Primaries = [point(8), point(16), point(24), point(0)];
  return isUsablePrimaries(primaries) ? primaries : undefined;
}

/** How many samples a pixel has, by colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The share of its pixels that a PNG has, from 0 to 1, and a copy without the checksum that its reader would stumble over. */
export async function salvagePng(png: Buffer): Promise<{ share: number; png: Buffer }> {
  const chunks = [...chunksOf(png)];
  const header = chunks.find(({ name }) => name === 'IHDR')?.data;
  const packed = Buffer.concat(chunks.filter(({ name }) => name === 'IDAT').map(({ data }) => data));
  if (header === undefined || header.length < 13) return { share: 0, png };
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const bits = (header[8] ?? 0) * (SAMPLES[header[9] ?? 0] ?? 0);
  const expected = height * Math.ceil((width * bits) / 8);
  const { bytes, end } = await inflatedBytes(packed, 2 * expected + height);
  const start = png.indexOf('IDAT', SIGNATURE_BYTES, 'latin1') - 4;
  const kept = packed.subarray(0, end);
  return { share: Math.min(bytes / expected, 1), png: Buffer.concat([png.subarray(0, start), frame('IDAT', kept)]) };
}

/** How far zlib's stream can be unpacked, and where it ends before its checksum. */
async function inflatedBytes(packed: Buffer, most: number): Promise<{ bytes: number; end: number }> {
  const ZLIB_HEADER_BYTES = 2;
  const inflate = createInflateRaw();
  let bytes = 0;
  return new Promise((resolve) => {
    const finish = () => {
      inflate.destroy();
      resolve({ bytes, end: Math.min(ZLIB_HEADER_BYTES + inflate.bytesWritten, packed.length) });
    };
    inflate
      .on('data', (unpacked: Buffer) => {
        bytes += unpacked.length;
        if (bytes > most) finish();
      })
      .on('error', finish)
      .on('end', finish);
    inflate.end(packed.subarray(ZLIB_HEADER_BYTES));
  });
}

function frame(name: string, data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(name, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** The same picture with this ICC profile in the place of what it has. */
export function withProfile(png: Buffer, profile: Uint8Array, deflate: (bytes: Uint8Array) => Buffer): Buffer {
  const END_OF_IHDR = 33;
  const data = Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflate(profile)]);
  return Buffer.concat([png.subarray(0, END_OF_IHDR), frame('iCCP', data), png.subarray(END_OF_IHDR)]);
}
