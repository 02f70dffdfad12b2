// How large a stored PNG is, from its first bytes: the page keeps a place of that shape free before the picture arrives.
import type { Size } from '../../render.ts';
import type { Media } from './media-routes.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The signature, then the header chunk, which always comes first: its length, its name, the width, the height. */
const WIDTH_AT = 16;
const HEIGHT_AT = 20;
const BYTES_NEEDED = 24;

/** Undefined when there is no such picture; an empty size when it is there but is no PNG. */
export async function pngSize(media: Media, key: string): Promise<Partial<Size> | undefined> {
  const stored = await media.size(key);
  if (stored === undefined || stored < BYTES_NEEDED) return stored === undefined ? undefined : {};
  const file = await media.read(key, { start: 0, end: BYTES_NEEDED - 1 });
  if (file === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of file.stream) chunks.push(chunk as Buffer);
  const start = Buffer.concat(chunks);
  if (!start.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return {};
  return { width: start.readUInt32BE(WIDTH_AT), height: start.readUInt32BE(HEIGHT_AT) };
}
