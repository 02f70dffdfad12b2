// What the intake and its decoder process say to each other. One picture at a time: `open` it, then perhaps `convert` it.
import { z } from 'zod';
import type { Fit } from '../render.ts';
import type { PictureName } from './picture-type.ts';

export type DecoderRequest =
  /** Reads the header only; nothing is decoded yet. */
  | { type: 'open'; name: PictureName; bytes: Uint8Array }
  /** Decodes the opened picture; of an animation its first frame. */
  | { type: 'convert'; maxPixels: number; longestSide: number; fit: Fit | undefined };

/** As people see it: EXIF orientation is taken into account. */
const size = { width: z.int().positive(), height: z.int().positive() };

const pictureHeaderSchema = z.object({
  ...size,
  /** More than one means an animation. */
  pages: z.int().positive(),
  /** A PNG that is stored in seven passes. */
  isInterlaced: z.boolean(),
  /** What has to be decoded for it, where that is more. */
  codedPixels: z.int().positive().optional(),
});
export type PictureHeader = z.infer<typeof pictureHeaderSchema>;

const plainPictureSchema = z.object({
  ...size,
  png: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});
export type PlainPicture = z.infer<typeof plainPictureSchema>;

const residentBytes = z.number();

/** Checked where it arrives: strangers' bytes may have taken the decoder over. */
export const decoderReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('opened'), header: pictureHeaderSchema }),
  z.object({ type: z.literal('converted'), picture: plainPictureSchema, residentBytes }),
  /** The decoder library would not have it; `detail` is its wording, for the log and never for a member. */
  z.object({ type: z.literal('refused'), detail: z.string(), residentBytes }),
]);
export type DecoderReply = z.infer<typeof decoderReplySchema>;
