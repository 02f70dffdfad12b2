// HEIC pictures, whose codec libvips is built without. libheif and libde265 decode them as WebAssembly: a fault of theirs stays
// in memory of their own.
import type { HeifHeader } from './heif.ts';

/** The few functions of libheif's JavaScript that are called here. */
interface LibHeif {
  heif_colorspace: { heif_colorspace_RGB: unknown };
  heif_chroma: { heif_chroma_interleaved_RGB: unknown; heif_chroma_interleaved_RGBA: unknown };
  heif_context_alloc(): unknown;
  heif_context_read_from_memory(context: unknown, bytes: Uint8Array): { message: string };
  heif_js_context_get_primary_image_handle(context: unknown): { message?: string };
  heif_image_handle_has_alpha_channel(handle: unknown): number;
  heif_js_decode_image2(handle: unknown, space: unknown, chroma: unknown): Decoded | { message: string };
}

interface Decoded {
  image: unknown;
  channels: { width: number; height: number; stride: number; data: Uint8Array }[];
}

export interface HevcPicture {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** Upright and cropped, in the colours of its file. */
export async function decodeHevc(bytes: Uint8Array, { width, height }: HeifHeader): Promise<HevcPicture> {
  // Loaded for the first of its kind: a decoder that never meets one is 20 MB smaller.
  const { default: load } = (await import('libheif-js/libheif-wasm/libheif-bundle.mjs')) as { default(): LibHeif };
  const heif = load();
  const context = heif.heif_context_alloc();
  const read = heif.heif_context_read_from_memory(context, bytes);
  const handle = heif.heif_js_context_get_primary_image_handle(context);
  if (handle.message !== undefined) throw new Error(`${read.message}; ${handle.message}`);
  const hasAlpha = heif.heif_image_handle_has_alpha_channel(handle) !== 0;
  const { heif_chroma_interleaved_RGB: opaque, heif_chroma_interleaved_RGBA: transparent } = heif.heif_chroma;
  const chroma = hasAlpha ? transparent : opaque;
  const decoded = heif.heif_js_decode_image2(handle, heif.heif_colorspace.heif_colorspace_RGB, chroma);
  if ('message' in decoded) throw new Error(decoded.message);
  const [plane] = decoded.channels;
  if (plane === undefined || plane.width !== width || plane.height !== height) {
    throw new Error(`Expected ${width}×${height}, got ${plane?.width}×${plane?.height}`);
  }
  const channels = hasAlpha ? 4 : 3;
  return { data: withoutGaps(plane, channels), width, height, channels };
}

/** Rows may be longer than their pixels. */
function withoutGaps({ data, width, height, stride }: Decoded['channels'][number], channels: number): Uint8Array {
  const rowBytes = width * channels;
  if (stride === rowBytes) return data.subarray(0, rowBytes * height);
  const out = new Uint8Array(rowBytes * height);
  for (let row = 0; row < height; row += 1) {
    out.set(data.subarray(row * stride, row * stride + rowBytes), row * rowBytes);
  }
  return out;
}
