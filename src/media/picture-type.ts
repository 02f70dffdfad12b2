// What kind of file some bytes are, told by the bytes alone: a name or a MIME type is only what the sender claims.
// Reads headers and never decodes.

/** What the intake takes. */
export type PictureName = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'AVIF' | 'HEIC';

export type PictureType = { isUsable: true; name: PictureName } | { isUsable: false; noun: string };

interface Signature {
  noun: string;
  /** Each is text (one byte per character) and the offset where it must be. */
  marks: readonly (readonly [number, string])[];
}

const SIGNATURES: readonly Signature[] = [
  { noun: 'a PDF', marks: [[0, '%PDF']] },
  { noun: 'a TIFF picture', marks: [[0, 'II*\0']] },
  { noun: 'a TIFF picture', marks: [[0, 'MM\0*']] },
  { noun: 'a TIFF picture', marks: [[0, 'II+\0']] },
  { noun: 'a TIFF picture', marks: [[0, 'MM\0+']] },
  { noun: 'an icon', marks: [[0, '\0\0\x01\0']] },
  { noun: 'a cursor', marks: [[0, '\0\0\x02\0']] },
  { noun: 'a Photoshop document', marks: [[0, '8BPS']] },
  { noun: 'a JPEG XL picture', marks: [[0, '\xff\x0a']] },
  { noun: 'a JPEG XL picture', marks: [[4, 'JXL \r\n']] },
  { noun: 'a JPEG 2000 picture', marks: [[4, 'jP  \r\n']] },
  { noun: 'a JPEG 2000 picture', marks: [[0, '\xff\x4f\xff\x51']] },
  { noun: 'a video', marks: [[0, '\x1a\x45\xdf\xa3']] },
  {
    noun: 'a video',
    marks: [
      [0, 'RIFF'],
      [8, 'AVI '],
    ],
  },
  {
    noun: 'a sound file',
    marks: [
      [0, 'RIFF'],
      [8, 'WAVE'],
    ],
  },
  { noun: 'a sound file', marks: [[0, 'ID3']] },
  { noun: 'a sound file', marks: [[0, 'OggS']] },
  { noun: 'a sound file', marks: [[0, 'fLaC']] },
  { noun: 'a ZIP archive', marks: [[0, 'PK\x03\x04']] },
  { noun: 'a ZIP archive', marks: [[0, 'PK\x05\x06']] },
  { noun: 'a RAR archive', marks: [[0, 'Rar!']] },
  { noun: 'a 7z archive', marks: [[0, "7z\xbc\xaf'\x1c"]] },
  { noun: 'a gzip archive', marks: [[0, '\x1f\x8b']] },
  { noun: 'a program', marks: [[0, '\x7fELF']] },
  { noun: 'a program', marks: [[0, 'MZ']] },
];

const TEXT_SAMPLE_BYTES = 4096;

/** Reads the type from the bytes; undefined when they are of no kind that we know. */
export function pictureType(bytes: Buffer): PictureType | undefined {
  if (hasMark(bytes, 0, '\x89PNG\r\n\x1a\n')) return { isUsable: true, name: 'PNG' };
  if (hasMark(bytes, 0, '\xff\xd8\xff')) return jpegType(bytes);
  if (hasMark(bytes, 0, 'RIFF') && hasMark(bytes, 8, 'WEBP')) return { isUsable: true, name: 'WebP' };
  if (hasMark(bytes, 0, 'GIF8')) return { isUsable: true, name: 'GIF' };
  if (hasMark(bytes, 0, 'BM')) return { isUsable: true, name: 'BMP' };
  if (hasMark(bytes, 4, 'ftyp')) return isoMediaType(bytes);
  const signature = SIGNATURES.find(({ marks }) => marks.every(([offset, mark]) => hasMark(bytes, offset, mark)));
  return signature === undefined ? textType(bytes) : { isUsable: false, noun: signature.noun };
}

function hasMark(bytes: Buffer, offset: number, mark: string): boolean {
  return bytes.toString('latin1', offset, offset + mark.length) === mark;
}

const MAX_SEGMENTS = 1000;

/** Scanners and doctors write JPEGs of more than 8 bits, which no browser shows; the frame header says so. */
function jpegType(bytes: Buffer): PictureType {
  let offset = 2;
  for (let count = 0; count < MAX_SEGMENTS && offset + 5 <= bytes.length && bytes[offset] === 0xff; count += 1) {
    const marker = bytes[offset + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const bits = bytes[offset + 4] ?? 8;
      return bits > 8
        ? { isUsable: false, noun: `a ${bits > 12 ? 16 : 12}-bit JPEG picture` }
        : { isUsable: true, name: 'JPEG' };
    }
    offset += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(offset + 2);
  }
  return { isUsable: true, name: 'JPEG' };
}

/** HEIC, AVIF and MP4 share one container; its brands tell them apart. */
function isoMediaType(bytes: Buffer): PictureType {
  const BRAND_BYTES = 4;
  const list = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 200));
  const brands = Array.from({ length: Math.floor(list.length / BRAND_BYTES) }, (_, index) =>
    list.slice(index * BRAND_BYTES, (index + 1) * BRAND_BYTES),
  );
  const has = (...known: string[]) => brands.some((brand) => known.includes(brand));
  // One that says all in a `mini` box names its codec as others do, and no decoder here reads it.
  if (isMinimized(bytes)) return { isUsable: false, noun: 'a rare HEIF picture' };
  if (has('avif', 'avis')) return { isUsable: true, name: 'AVIF' };
  if (has('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs')) return { isUsable: true, name: 'HEIC' };
  const isPicture = has(
    'mif1',
    'mif2',
    'mif3',
    'msf1',
    'avci',
    'avcs',
    'j2ki',
    'j2is',
    'jpeg',
    'jpgs',
    'vvic',
    'vvis',
    'evbi',
  );
  return { isUsable: false, noun: isPicture ? 'a rare HEIF picture' : 'a video' };
}

/** Whether a `mini` box of ISO/IEC 23008-12 comes directly after the first box, where others have their `meta`. */
function isMinimized(bytes: Buffer): boolean {
  return hasMark(bytes, bytes.readUInt32BE(0) + 4, 'mini');
}

function textType(bytes: Buffer): PictureType | undefined {
  // A sample may be cut inside a character, which then reads as U+FFFD at its end.
  const sample = bytes
    .toString('utf8', 0, TEXT_SAMPLE_BYTES)
    .replace(/^\uFEFF/, '')
    .replace(/\uFFFD$/, '');
  if (!/^[\P{Cc}\s]+$/u.test(sample) || sample.includes('\uFFFD')) {
    return undefined;
  }
  const noun = /<svg/i.test(sample)
    ? 'an SVG drawing'
    : /<!doctype html|<html|<script|<body/i.test(sample)
      ? 'a web page'
      : 'a text file';
  return { isUsable: false, noun };
}
