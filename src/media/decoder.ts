// The decoder process: the one place where bytes of strangers are decoded. It holds no secrets, opens no files, speaks only
// to its parent, and may crash, hang or be killed at any time; decoder-process.ts is its other end.
import { Socket } from 'node:net';
import sharp, { type Sharp } from 'sharp';
import type { DecoderReply, DecoderRequest, PictureHeader, PlainPicture } from './decoder-protocol.ts';
import { decodeBmp, readBmpHeader } from './formats/bmp.ts';
import { type HeifHeader, readHeifHeader } from './formats/heif.ts';
import { decodeHevc } from './formats/hevc.ts';
import { shareOfRows } from './formats/jpeg.ts';
import { readPngHeader, salvagePng } from './formats/png.ts';
import { CHANNEL_FD, createFrameReader, MAX_DETAIL_CHARACTERS, MAX_REQUEST_BYTES, toFrame } from './frames.ts';
import { onGround } from './ground.ts';
import type { PictureName } from './picture-type.ts';
import { type Rgb, readPixels, type Source } from './pixels.ts';
import { planShape, type Shape } from './shape.ts';

// libvips brings loaders for SVG, PDF, TIFF and more; each is code that a hostile file could reach.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((format) => `VipsForeignLoad${format}Buffer`),
});
sharp.cache(false);
sharp.concurrency(1);

/** The PNG is read once by the engine next door, so time counts for more than size. */
const COMPRESSION_LEVEL = 4;

// 'error' refuses broken checksums and missing ends, of which a little is forgiven below. 'warning' would also refuse what
// cameras and editors get wrong every day (stray bytes before a JPEG marker, an odd sRGB profile in a PNG) though the picture
// is whole.
const FAIL_ON = 'error';
/** What viewers show as a picture with a strip at its lower edge. */
const MIN_SHARE = 0.9;

interface Opened {
  name: PictureName;
  bytes: Buffer;
  header: PictureHeader;
  /** Of AVIF and HEIC. */
  heif?: HeifHeader;
}

let opened: Opened | undefined;

async function open(name: PictureName, given: Uint8Array): Promise<PictureHeader> {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (name === 'BMP') {
    opened = { name, bytes, header: { ...readBmpHeader(bytes), pages: 1, isInterlaced: false } };
  } else if (name === 'AVIF' || name === 'HEIC') {
    const heif = readHeifHeader(bytes);
    const { width, height, codedPixels, isSequence } = heif;
    const header = { width, height, codedPixels, pages: isSequence ? 2 : 1, isInterlaced: false };
    opened = { name, bytes, heif, header };
  } else {
    // The parent compares the size with its limits, so that its sentence can name both; no pixel is decoded for it.
    const metadata = await sharp(bytes, { failOn: FAIL_ON, limitInputPixels: false }).metadata();
    const frames = name === 'PNG' ? readPngHeader(bytes).frames : (metadata.pages ?? 1);
    const isInterlaced = name === 'PNG' && metadata.isProgressive === true;
    opened = { name, bytes, header: { ...metadata.autoOrient, pages: Math.max(frames, 1), isInterlaced } };
  }
  return opened.header;
}

type Convert = Extract<DecoderRequest, { type: 'convert' }>;

async function convert({ maxPixels, longestSide, fit }: Convert): Promise<PlainPicture> {
  if (opened === undefined) throw new Error('Expected `open` before `convert`');
  const picture = opened;
  opened = undefined;
  const shape = planShape(picture.header, fit, longestSide);
  const source = await toSource(picture);
  const pixels = await readPixels(source, shape, maxPixels).catch(async (error) =>
    readPixels(await salvage(picture, source, maxPixels, error), shape, maxPixels),
  );
  const { width, height } = shape.canvas;
  const png = await (await onCanvas(opaque(pixels), shape))
    .png({ compressionLevel: COMPRESSION_LEVEL, palette: false })
    .toBuffer();
  return { png, width, height };
}

async function toSource({ name, bytes, heif }: Opened): Promise<Source> {
  if (name === 'BMP') {
    const { width, height } = readBmpHeader(bytes);
    return { bytes: decodeBmp(bytes), raw: { width, height, channels: 4 }, failOn: FAIL_ON };
  }
  if (heif?.codec === 'hevc') {
    const { data, ...raw } = await decodeHevc(bytes, heif);
    return { bytes: data, raw, encoding: heif.encoding, profile: heif.profile, failOn: FAIL_ON };
  }
  if (heif !== undefined) {
    const isNarrowGrey = heif.isGrey && heif.isNarrow;
    return { bytes: asStill(bytes), encoding: heif.encoding, isNarrowGrey, failOn: FAIL_ON };
  }
  // libjpeg fills up what ends too early with grey, and only warns of it.
  if (name === 'JPEG') return { bytes, failOn: 'warning' };
  if (name !== 'PNG') return { bytes, failOn: FAIL_ON };
  const { encoding, overridesProfile, profile } = readPngHeader(bytes);
  return { bytes, encoding, profile, ignoresProfile: overridesProfile, failOn: FAIL_ON };
}

/** libvips looks at the first brand, and turns a sequence away though its first frame is there as a picture. */
function asStill(bytes: Buffer): Buffer {
  const BRAND_AT = 8;
  if (bytes.toString('latin1', BRAND_AT, BRAND_AT + 4) === 'avif') return bytes;
  const still = Buffer.from(bytes);
  still.write('avif', BRAND_AT, 'latin1');
  return still;
}

/** The same picture, read with patience, if nearly all of it is there; otherwise the error that it met. */
async function salvage({ name, bytes }: Opened, source: Source, maxPixels: number, error: unknown): Promise<Source> {
  if (name === 'JPEG' && (await shareOfRows(bytes, maxPixels)) >= MIN_SHARE) return { ...source, failOn: 'none' };
  if (name === 'PNG') {
    const { share, png } = await salvagePng(bytes);
    if (share >= MIN_SHARE) return { ...source, bytes: png, failOn: 'none' };
  }
  throw error;
}

function opaque({ data, width, height, channels }: Rgb): Rgb {
  return channels === 3 ? { data, width, height, channels } : { data: onGround(data), width, height, channels: 3 };
}

/** Where it is padded, on itself: enlarged and blurred. */
async function onCanvas({ data, ...raw }: Rgb, { picture, canvas }: Shape): Promise<Sharp> {
  const whole = sharp(data, { raw });
  if (picture.width === canvas.width && picture.height === canvas.height) return whole;
  const blur = Math.max(Math.min(canvas.width, canvas.height) / 16, 1);
  const backdrop = await whole
    .resize({ ...canvas, fit: 'cover' })
    .blur(blur)
    .raw()
    .toBuffer();
  return sharp(backdrop, { raw: { ...canvas, channels: 3 } })
    .composite([{ input: Buffer.from(data), raw, gravity: 'centre' }])
    .removeAlpha();
}

async function answer(request: DecoderRequest): Promise<DecoderReply> {
  try {
    if (request.type === 'open') {
      return { type: 'opened', header: await open(request.name, request.bytes) };
    }
    const picture = await convert(request);
    return { type: 'converted', picture, residentBytes: process.memoryUsage.rss() };
  } catch (error) {
    opened = undefined;
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, MAX_DETAIL_CHARACTERS);
    return { type: 'refused', detail, residentBytes: process.memoryUsage.rss() };
  }
}

const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });

function send(reply: DecoderReply): void {
  if (reply.type !== 'converted') {
    write(toFrame(reply));
    return;
  }
  const { png, ...picture } = reply.picture;
  write(toFrame({ ...reply, picture }, png));
}

function write(parts: Uint8Array[]): void {
  for (const part of parts) channel.write(part);
}

const readFrame = createFrameReader(MAX_REQUEST_BYTES);
channel.on('data', (chunk) => {
  const frame = readFrame(chunk);
  if (frame === undefined) return;
  const request = { ...JSON.parse(frame.header.toString()), bytes: frame.body } as DecoderRequest;
  answer(request).then(send);
});
channel.on('error', () => undefined); // Its parent is gone; 'close' follows.
// Not process.exit(): it waits for a decode that is under way, and a bomb would outlive the parent by minutes.
channel.on('close', () => process.kill(process.pid, 'SIGKILL'));
send({ type: 'ready' });
