// The decoder process: the one place where bytes of strangers are decoded. It holds no secrets, opens no files, speaks only
// to its parent, and may crash, hang or be killed at any time; decoder-process.ts is its other end.
import sharp from 'sharp';
import type { DecoderReply, DecoderRequest, PictureHeader, PlainPicture } from './decoder-protocol.ts';

// libvips brings loaders for SVG, PDF, TIFF, GIF and more; each is code that a hostile file could reach.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});
sharp.cache(false);
sharp.concurrency(1);

/** What paper and most viewers show behind a cut-out, and what dark line art on nothing was drawn for. */
const BACKGROUND = '#ffffff';

/** The PNG is read once by the engine next door, so time counts for more than size. */
const COMPRESSION_LEVEL = 4;

// 'error' refuses truncated files and broken checksums. 'warning' would also refuse what cameras and editors get wrong every
// day (stray bytes before a JPEG marker, an odd sRGB profile in a PNG) though the picture is whole.
const READ_OPTIONS = { failOn: 'error', autoOrient: true, sequentialRead: true } as const;

let opened: Uint8Array | undefined;

async function open(bytes: Uint8Array): Promise<PictureHeader> {
  opened = bytes;
  // The parent compares the size with its limits, so that its sentence can name both; no pixel is decoded for it.
  const metadata = await sharp(bytes, { ...READ_OPTIONS, limitInputPixels: false }).metadata();
  const isInterlaced = metadata.format === 'png' && metadata.isProgressive === true;
  return { ...metadata.autoOrient, pages: metadata.pages ?? 1, isInterlaced };
}

async function convert(maxPixels: number, longestSide: number): Promise<PlainPicture> {
  const bytes = opened;
  if (bytes === undefined) {
    throw new Error('Expected `open` before `convert`');
  }
  opened = undefined;
  const { data, info } = await sharp(bytes, { ...READ_OPTIONS, limitInputPixels: maxPixels })
    .flatten({ background: BACKGROUND })
    .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3' })
    .toColourspace('srgb')
    .png({ compressionLevel: COMPRESSION_LEVEL, palette: false })
    .toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}

async function answer(request: DecoderRequest): Promise<DecoderReply> {
  try {
    if (request.type === 'open') {
      return { type: 'opened', header: await open(request.bytes) };
    }
    const picture = await convert(request.maxPixels, request.longestSide);
    return { type: 'converted', picture, residentBytes: process.memoryUsage.rss() };
  } catch (error) {
    opened = undefined;
    const detail = error instanceof Error ? error.message : String(error);
    return { type: 'refused', detail, residentBytes: process.memoryUsage.rss() };
  }
}

function send(reply: DecoderReply): void {
  process.send?.(reply);
}

process.on('message', (request: DecoderRequest) => {
  answer(request).then(send);
});
// Not process.exit(): it waits for a decode that is under way, and a bomb would outlive the parent by minutes.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
send({ type: 'ready' });
