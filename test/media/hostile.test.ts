// Pictures from strangers: whatever the bytes, the answer is a plain PNG or one sentence, within the stated memory.
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { createIntake, type Intake, mostDecoderMemory } from '../../src/media/intake.ts';
import { pictureType } from '../../src/media/picture-type.ts';
import { buildHeif, codeAv1, HEVC_QUARTERS } from '../fakes/heif.ts';
import { bigEndian, buildBmp, buildPng, PNG_SIGNATURE, pngChunk, withFrames } from '../fakes/pictures.ts';
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

/** A whole picture of every kind that is taken. */
async function ofEveryKind(): Promise<Record<string, Buffer>> {
  const photo = sharp(await base('png'));
  const data = await photo.clone().raw().toBuffer();
  return {
    png: await base('png'),
    jpeg: await base('jpeg'),
    webp: await base('webp'),
    gif: await photo.clone().gif().toBuffer(),
    bmp: buildBmp({ width: 160, height: 120, bits: 24, data }),
    'bmp in runs': buildBmp({ width: 160, height: 120, bits: 8, compression: 1, palette: [[9, 9, 9]], data }),
    avif: buildHeif(await codeAv1(photo.clone())),
    heic: buildHeif(HEVC_QUARTERS, { grid: { columns: 2, rows: 1, width: 256, height: 96 } }),
  };
}

test('truncated and damaged pictures give a plain PNG or one sentence, 480 of them', async () => {
  let count = 0;
  for (const [kind, whole] of Object.entries(await ofEveryKind())) {
    // Damage in what is said of a picture reaches further than in its pixels.
    const head = Math.min(whole.length, 600);
    for (let index = 0; index < 20; index += 1) {
      await expectOneAnswer(whole.subarray(0, noise(whole.length)), `${kind} cut short`);
      for (const reach of [whole.length, head]) {
        const damaged = Buffer.from(whole);
        for (let flips = 0; flips < 8; flips += 1) damaged[noise(reach)] = noise(256);
        await expectOneAnswer(damaged, `${kind} damaged`);
      }
      count += 3;
    }
  }
  expect(count).toBeGreaterThanOrEqual(480);
}, 240_000);

test('a small file that unpacks to the most pixels that are taken stays within the memory that is stated', async () => {
  const [width, height] = [5000, 4000];
  const blankOf = sharp({ create: { width, height, channels: 3, background: '#753' } });
  const bombs: Record<string, Buffer> = {
    gif: await blankOf.clone().gif().toBuffer(),
    'bmp in runs': buildBmp({
      width,
      height,
      bits: 8,
      compression: 1,
      palette: [[90, 9, 9]],
      data: runs(width, height),
    }),
    avif: await blankOf.clone().resize(4000, 2500).avif({ effort: 0, bitdepth: 10 }).toBuffer(),
    heic: buildHeif(HEVC_QUARTERS, { grid: { columns: 30, rows: 30, width: 3840, height: 2880 } }),
  };
  for (const [kind, bytes] of Object.entries(bombs)) {
    const result = await answer(bytes);
    if (result instanceof UserError) throw new Error(`${kind}: ${result.message}`);
  }
}, 240_000);

/** Each row in runs of 250 pixels of one colour. */
function runs(width: number, height: number): Buffer {
  const row = Buffer.from([...Array.from({ length: width / 250 }, () => [250, 0]).flat(), 0, 0]);
  return Buffer.concat([...Array.from({ length: height }, () => row), Buffer.from([0, 1])]);
}

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
    'animated png': withFrames(await base('png'), 2),
    '1x1': await blank(1, 1),
    '30000x1': await blank(30_000, 1),
    '1x30000': await blank(1, 30_000),
    'too extreme': await blank(1000, 100),
    'a bomb of 60000x60000': header(60_000, 60_000),
    'a GIF that claims 60000x60000': Buffer.from('GIF89a\x60\xea\x60\xea\x80\0\0'.padEnd(40, '\0'), 'latin1'),

    'a bomb just above the limit': await blank(5000, 5000),
    'an AVIF of more than half the pixels': buildHeif(HEVC_QUARTERS, {
      brand: 'avif',
      claims: { width: 4000, height: 2600 },
    }),
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
  if (result instanceof UserError) expect(result.message, name).toMatch(/^([A-Z]|cat\.png).{10,300}[.!?]$/s);
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
  const rows = buildPng({ width: 1, height: 1, pixels: Buffer.alloc(3) });
  rows.set(
    pngChunk('IHDR', Buffer.concat([bigEndian(width, height), Buffer.from([8, 2, 0, 0, 0])])),
    PNG_SIGNATURE.length,
  );
  return rows;
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
