// How a decoder and its parent tell one message from the next: the lengths of a header and of a body, four bytes each, then both.
// Node's own channel is none for strangers' bytes: its reader throws out of reach at what it cannot read, and knows no largest message.

/** Where a decoder finds it. Its standard output is for what libraries print. */
export const CHANNEL_FD = 3;
/** Far above the largest MAX_PICTURE_MEGABYTES. */
export const MAX_REQUEST_BYTES = 2 ** 28;
/** Above 2048 x 2048 pixels of three bytes that cannot be compressed. */
export const MAX_REPLY_BYTES = 2 ** 24;
/** Of what a decoder library says. */
export const MAX_DETAIL_CHARACTERS = 4000;

const LENGTHS_BYTES = 8;
const MAX_HEADER_BYTES = 2 ** 15;

export interface Frame {
  /** JSON. */
  header: Buffer;
  body: Buffer;
}

/** To be written one after the other: the body may be large, and is not copied. */
export function toFrame(header: object, body: Uint8Array = new Uint8Array()): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(body.length, 4);
  return [Buffer.concat([lengths, json]), body];
}

/**
 * Reads chunk by chunk, and returns the frame that a chunk completes. Throws a RangeError where one is announced as longer than it may
 * be, or goes on after its end: both sides take turns. It holds no more than a frame, in however many pieces that comes.
 */
export function createFrameReader(maxBodyBytes: number): (chunk: Buffer) => Frame | undefined {
  let lengths: { header: number; body: number } | undefined;
  let bytes = Buffer.alloc(LENGTHS_BYTES);
  let filled = 0;
  const begin = (length: number) => {
    bytes = Buffer.alloc(length);
    filled = 0;
  };
  /** Returns what of the chunk is left over. */
  const fill = (chunk: Buffer): Buffer => {
    const taken = chunk.copy(bytes, filled);
    filled += taken;
    return chunk.subarray(taken);
  };

  return (chunk) => {
    let rest = fill(chunk);
    if (lengths === undefined && filled === LENGTHS_BYTES) {
      lengths = readLengths(bytes, maxBodyBytes);
      begin(lengths.header + lengths.body);
      rest = fill(rest);
    }
    if (lengths === undefined || filled < bytes.length) return undefined;
    if (rest.length > 0) throw new RangeError('Expected one message at a time, got more after its end');
    const frame = { header: bytes.subarray(0, lengths.header), body: bytes.subarray(lengths.header) };
    lengths = undefined;
    begin(LENGTHS_BYTES);
    return frame;
  };
}

function readLengths(bytes: Buffer, maxBodyBytes: number): { header: number; body: number } {
  const [header, body] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
  if (header === 0 || header > MAX_HEADER_BYTES || body > maxBodyBytes) {
    throw new RangeError(`Expected a short message, got one of ${header} and ${body} bytes`);
  }
  return { header, body };
}
