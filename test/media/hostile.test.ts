// Pictures from strangers: whatever the bytes, the answer is a plain PNG or one sentence, within the stated memory.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { createIntake, type Intake, mostDecoderMemory } from '../../src/media/intake.ts';
import { pictureType } from '../../src/media/picture-type.ts';
import { builtDecoder } from './built-decoder.ts';

const MAX_PIXELS = 20_000_000;
const LIMITS = { maxBytes: 8 * 1024 * 1024, maxPixels: MAX_PIXELS, timeoutMs: 10_000 };

let intake: Intake;

beforeAll(async () => {
  intake = createIntake({ ...LIMITS, decoderPath: await builtDecoder() });
});

afterAll(async () => {
  await intake.stop();
});

const noise = createRandom(20261124);

async function base(format: 'png' | 'jpeg' | 'webp'): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 160 * 120 * 3 }, (_, index) => (index * 7 + noise(40)) % 256));
  return sharp(pixels, { raw: { width: 160, height: 120, channels: 3 } })
    [format]()
    .toBuffer();
}

test('truncated and damaged pictures give a plain PNG or one sentence, 240 of them', async () => {
  let count = 0;
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const whole = await base(format);
    for (let index = 0; index < 40; index += 1) {
      await expectOneAnswer(whole.subarray(0, noise(whole.length)), `${format} cut short`);
      const damaged = Buffer.from(whole);
      for (let flips = 0; flips < 8; flips += 1) damaged[noise(damaged.length)] = noise(256);
      await expectOneAnswer(damaged, `${format} damaged`);
      count += 2;
    }
  }
  expect(count).toBeGreaterThanOrEqual(200);
}, 120_000);

test('files that are no usable picture are refused, whatever they are named', async () => {
  const text = (words: string) => Buffer.from(words);
  const refused: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    'one byte': Buffer.from([0x89]),
    text: text('this is not a cat'),
    html: text('<!doctype html><script>alert(1)</script>'),
    svg: text('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'),
    'svg with an entity': text(
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    ),
    pdf: text('%PDF-1.7\n1 0 obj'),
    zip: text('PK\u0003\u0004aaaaaaaaaaaaaaaaaaaaaaaa'),
    gif: text('GIF89a\u0001\u0000\u0001\u0000'),
    bmp: text('BM00000000000000000000000000'),
    mp4: Buffer.concat([Buffer.from([0, 0, 0, 24]), text('ftypisom0000isom')]),
    heic: Buffer.concat([Buffer.from([0, 0, 0, 24]), text('ftypheic0000heic')]),
    tiff: await sharp(await base('png'))
      .tiff()
      .toBuffer(),
    'animated gif': await animated('gif'),
    'animated webp': await animated('webp'),
    'animated png': withChunk(await base('png'), 'acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])),
    '1x1': await blank(1, 1),
    '30000x1': await blank(30_000, 1),
    '1x30000': await blank(1, 30_000),
    'too extreme': await blank(1000, 100),
    'a bomb of 60000x60000': header(60_000, 60_000),
    'a bomb just above the limit': await blank(5000, 5000),
    'too many bytes': Buffer.alloc(LIMITS.maxBytes + 1),
  };
  for (const [name, bytes] of Object.entries(refused)) {
    expect(await answer(bytes), name).toBeInstanceOf(UserError);
  }
});

test('a refusal names the limit and the value', async () => {
  const large = (await answer(await blank(5000, 5000))) as UserError;
  expect(large.code).toBe('picture_too_large');
  expect(large.message).toMatch(/25 .* 20\./);
  const small = (await answer(await blank(63, 63))) as UserError;
  expect(small.code).toBe('picture_too_small');
  expect(small.message).toContain('63');
  expect(small.message).toContain('64');
});

test('a PNG of empty chunks is not walked to its end', () => {
  const chunk = Buffer.from('000000007445587400000000', 'hex');
  const png = Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    ...Array.from({ length: 1_600_000 }, () => chunk),
  ]);
  const began = performance.now();
  for (let times = 0; times < 10; times += 1) expect(pictureType(png)).toMatchObject({ isUsable: true });
  expect(performance.now() - began).toBeLessThan(1000);
});

test('an interlaced PNG is decoded in passes, so it may have a third of the pixels', async () => {
  const interlaced = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#777' } })
      .png({ progressive: true })
      .toBuffer();
  expect(await answer(await interlaced(2600, 2500))).toMatchObject({ width: 2048 });
  const larger = (await answer(await interlaced(2700, 2500))) as UserError;
  expect(larger.code).toBe('picture_too_large');
  expect(larger.message).toContain('the limit is 6.6');
});

test('odd but honest pictures become plain PNGs', async () => {
  const photo = await base('png');
  const odd: Record<string, Buffer> = {
    'CMYK JPEG': await sharp(photo).toColourspace('cmyk').jpeg().toBuffer(),
    '16-bit PNG': await sharp(photo).toColourspace('rgb16').png().toBuffer(),
    'gray PNG': await sharp(photo).grayscale().png().toBuffer(),
    'PNG with alpha': await sharp(photo).ensureAlpha(0.5).png().toBuffer(),
    'palette PNG': await sharp(photo).png({ palette: true }).toBuffer(),
    'progressive JPEG': await sharp(photo).jpeg({ progressive: true }).toBuffer(),
    'PNG with a ZIP behind it': Buffer.concat([photo, Buffer.from('PK\u0003\u0004secret-behind-the-picture')]),
    'JPEG with HTML behind it': Buffer.concat([
      await base('jpeg'),
      Buffer.from('<script>secret-behind-the-picture</script>'),
    ]),
    'a large but allowed one': await blank(5000, 4000),
  };
  for (const [name, bytes] of Object.entries(odd)) {
    const result = await answer(bytes);
    if (result instanceof UserError) throw new Error(`${name}: ${result.message}`);
    expect(result.png.includes('secret-behind-the-picture'), name).toBe(false);
  }
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied, and the metadata is gone', async (orientation) => {
  const marked = sharp({ create: { width: 200, height: 100, channels: 3, background: '#000' } }).composite([
    { input: { create: { width: 40, height: 40, channels: 3, background: '#fff' } }, left: 0, top: 0 },
  ]);
  const bytes = await marked.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
  const result = await answer(bytes);
  if (result instanceof UserError) throw result;
  const [width, height] = orientation >= 5 ? [100, 200] : [200, 100];
  expect(result).toMatchObject({ width, height });
  // Where the mark in the stored picture's top left corner has to be seen.
  const isRight = [2, 3, 6, 7].includes(orientation);
  const isBottom = [3, 4, 7, 8].includes(orientation);
  const left = isRight ? width - 20 : 10;
  const top = isBottom ? height - 20 : 10;
  const corner = await sharp(result.png).extract({ left, top, width: 10, height: 10 }).raw().toBuffer();
  expect(Math.min(...corner)).toBeGreaterThan(230);
});

test('no decoder ever held more memory than is stated', () => {
  const peaks = decoderPeaks();
  expect(peaks.length).toBeGreaterThan(0);
  for (const peak of peaks) expect(peak).toBeLessThan(mostDecoderMemory(MAX_PIXELS));
});

async function answer(bytes: Buffer): Promise<UserError | Awaited<ReturnType<Intake['normalise']>>> {
  try {
    const result = await intake.normalise(bytes, 'cat.png');
    const metadata = await sharp(result.png).metadata();
    expect(metadata).toMatchObject({
      format: 'png',
      channels: 3,
      depth: 'uchar',
      width: result.width,
      height: result.height,
    });
    for (const extra of [metadata.exif, metadata.icc, metadata.xmp, metadata.orientation])
      expect(extra).toBeUndefined();
    return result;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

async function expectOneAnswer(bytes: Buffer, name: string): Promise<void> {
  const result = await answer(bytes);
  if (result instanceof UserError) expect(result.message, name).toMatch(/^[A-Z].{10,300}[.!?]$/s);
}

function blank(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
}

async function animated(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = Buffer.alloc(100 * 200 * 3, 1).fill(200, 100 * 100 * 3);
  return sharp(frames, { raw: { width: 100, height: 200, channels: 3, pageHeight: 100 } })
    [format]({ loop: 0 })
    .toBuffer();
}

/** A PNG that only claims its size. */
function header(width: number, height: number): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function withChunk(png: Buffer, name: string, data: Buffer): Buffer {
  const END_OF_IHDR = 33;
  return Buffer.concat([png.subarray(0, END_OF_IHDR), chunk(name, data), png.subarray(END_OF_IHDR)]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
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

/** The most that each living decoder ever held, in bytes. */
function decoderPeaks(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  const decoders = children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('decoder'));
  return decoders.map((pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024);
}

/** A small seeded generator: the same pictures on every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
