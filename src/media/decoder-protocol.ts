// What the intake and its decoder process say to each other. One picture at a time: `open` it, then perhaps `convert` it.

export type DecoderRequest =
  /** Reads the header only; nothing is decoded yet. */
  | { type: 'open'; bytes: Uint8Array }
  /** Decodes the opened picture. */
  | { type: 'convert'; maxPixels: number; longestSide: number };

export interface PictureHeader {
  /** As people see it: EXIF orientation is taken into account. */
  width: number;
  height: number;
  /** More than one means an animation, or a document. */
  pages: number;
}

export interface PlainPicture {
  png: Uint8Array;
  width: number;
  height: number;
}

export type DecoderReply =
  | { type: 'ready' }
  | { type: 'opened'; header: PictureHeader }
  | { type: 'converted'; picture: PlainPicture; residentBytes: number }
  /** The decoder library would not have it; `detail` is its wording, for the log and never for a member. */
  | { type: 'refused'; detail: string; residentBytes: number };
