// What the intake and its decoder process say to each other. One picture at a time: `open` it, then perhaps `convert` it.
import { z } from 'zod';
import type { Fit } from '../render.ts';
import { type Frame, MAX_DETAIL_CHARACTERS } from './frames.ts';
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

const residentBytes = z.number();

/** Checked where it arrives: strangers' bytes may have taken the decoder over. */
const replyHeaderSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('opened'), header: pictureHeaderSchema }),
  z.object({ type: z.literal('converted'), picture: z.object(size), residentBytes }),
  /** The decoder library would not have it; `detail` is its wording, for the log and never for a member. */
  z.object({ type: z.literal('refused'), detail: z.string().max(MAX_DETAIL_CHARACTERS), residentBytes }),
]);
type ReplyHeader = z.infer<typeof replyHeaderSchema>;
type ConvertedHeader = Extract<ReplyHeader, { type: 'converted' }>;

export type PlainPicture = ConvertedHeader['picture'] & { png: Uint8Array };
export type DecoderReply = Exclude<ReplyHeader, ConvertedHeader> | (ConvertedHeader & { picture: PlainPicture });

/** Undefined for what is not in the protocol. */
export function readReply({ header, body }: Frame): DecoderReply | undefined {
  const { data: reply } = replyHeaderSchema.safeParse(parseJson(header));
  if (reply?.type === 'converted') return { ...reply, picture: { ...reply.picture, png: body } };
  return body.length === 0 ? reply : undefined;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
