// What kind of file some bytes are, told by the bytes alone: a name or a MIME type is only what the sender claims.
// Reads the first bytes and never decodes.

export type PictureType =
  | { isUsable: true; isAnimated: boolean; name: 'PNG' | 'JPEG' | 'WebP' }
  | { isUsable: false; isAnimated: boolean; noun: string };

interface Signature {
  noun: string;
  /** Each is text (one byte per character) and the offset where it must be. */
  marks: readonly (readonly [number, string])[];
  isAnimated?: boolean;
}

const SIGNATURES: readonly Signature[] = [
  { noun: 'a GIF', marks: [[0, 'GIF8']], isAnimated: true },
  { noun: 'a PDF', marks: [[0, '%PDF']] },
  { noun: 'a TIFF picture', marks: [[0, 'II*\0']] },
  { noun: 'a TIFF picture', marks: [[0, 'MM\0*']] },
  { noun: 'a TIFF picture', marks: [[0, 'II+\0']] },
  { noun: 'a TIFF picture', marks: [[0, 'MM\0+']] },
  { noun: 'a BMP picture', marks: [[0, 'BM']] },
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
  if (hasMark(bytes, 0, '\x89PNG\r\n\x1a\n')) {
    return { isUsable: true, isAnimated: isAnimatedPng(bytes), name: 'PNG' };
  }
  if (hasMark(bytes, 0, '\xff\xd8\xff')) {
    return { isUsable: true, isAnimated: false, name: 'JPEG' };
  }
  if (hasMark(bytes, 0, 'RIFF') && hasMark(bytes, 8, 'WEBP')) {
    return { isUsable: true, isAnimated: isAnimatedWebp(bytes), name: 'WebP' };
  }
  if (hasMark(bytes, 4, 'ftyp')) {
    return isoMediaType(bytes);
  }
  const signature = SIGNATURES.find(({ marks }) => marks.every(([offset, mark]) => hasMark(bytes, offset, mark)));
  if (signature !== undefined) {
    return { isUsable: false, isAnimated: signature.isAnimated ?? false, noun: signature.noun };
  }
  return textType(bytes);
}

function hasMark(bytes: Buffer, offset: number, mark: string): boolean {
  return bytes.toString('latin1', offset, offset + mark.length) === mark;
}

/** What cameras and editors put before the pixels are a dozen chunks. A file of empty ones would be walked for a second. */
const MAX_CHUNKS = 64;

/** An animated PNG says so with an `acTL` chunk before its first `IDAT`. See https://www.w3.org/TR/png-3/#11acTL */
function isAnimatedPng(bytes: Buffer): boolean {
  let offset = 8;
  for (let count = 0; count < MAX_CHUNKS && offset + 8 <= bytes.length; count += 1) {
    const chunk = bytes.toString('latin1', offset + 4, offset + 8);
    if (chunk === 'acTL') {
      return true;
    }
    if (chunk === 'IDAT' || chunk === 'IEND') {
      return false;
    }
    offset += 12 + bytes.readUInt32BE(offset);
  }
  return false;
}

/** See https://developers.google.com/speed/webp/docs/riff_container#extended_file_format for the flag. */
function isAnimatedWebp(bytes: Buffer): boolean {
  const ANIMATION_FLAG = 0x02;
  return hasMark(bytes, 12, 'VP8X') && ((bytes[20] ?? 0) & ANIMATION_FLAG) !== 0;
}

/** HEIC, AVIF and MP4 share one container; its brands tell them apart. */
function isoMediaType(bytes: Buffer): PictureType {
  const brands = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 64));
  if (brands.includes('avif') || brands.includes('avis')) {
    return { isUsable: false, isAnimated: false, noun: 'an AVIF picture' };
  }
  if (/^(hei[cxms]|hev[cxms]|mif1|msf1)/.test(brands)) {
    return { isUsable: false, isAnimated: false, noun: 'a HEIC picture' };
  }
  return { isUsable: false, isAnimated: false, noun: 'a video' };
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
  return { isUsable: false, isAnimated: false, noun };
}
