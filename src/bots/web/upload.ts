// A command as the page sends it: a form with the words, who says them, and a picture or the render whose picture it is.
import { createHash, type Hash } from 'node:crypto';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { UserError } from '../../errors.ts';
import { refusal } from '../../refusals.ts';
import type { CommandPicture } from '../platform.ts';

export interface Upload {
  eventId: string;
  text: string;
  author: string;
  picture: CommandPicture | undefined;
  /** The same for the same words and picture: the page makes up its event ids, and may use one for many commands. */
  attempt: string;
}

/** Far more than a command may say; the parser tells the member so. */
const MAX_FIELD_BYTES = 64 * 1024;
const LONGEST_AUTHOR = 40;
/** For a picture of the largest size at 3.5 megabits per second. */
const MAX_UPLOAD_MS = 60_000;

/** Throws a UserError also for what is no form, or the beginning of one. */
export async function readUpload(request: FastifyRequest, maxPictureBytes: number): Promise<Upload> {
  // One that comes in slowly holds memory and a place all the while.
  const timer = setTimeout(() => request.raw.destroy(), MAX_UPLOAD_MS);
  return await readWhole(request, maxPictureBytes).finally(() => clearTimeout(timer));
}

async function readWhole(request: FastifyRequest, maxPictureBytes: number): Promise<Upload> {
  return readParts(request, maxPictureBytes).catch((error) => {
    // Fastify's own faults have a status; the parser's have none.
    if (error instanceof UserError || 'statusCode' in error) throw error;
    throw new UserError('bad_command', 'Expected a form with words and a picture, got one that cannot be read.', {
      cause: error,
    });
  });
}

async function readParts(request: FastifyRequest, maxPictureBytes: number): Promise<Upload> {
  const fields = new Map<string, string>();
  let file: Extract<CommandPicture, { bytes: Buffer }> | undefined;
  const digest = createHash('sha256');
  let isTooLarge = false;
  const limits = { fileSize: maxPictureBytes, files: 1, fields: 8, parts: 10, fieldSize: MAX_FIELD_BYTES };
  // A picture that is too large is read to its end all the same: an answer before that would be a broken connection
  // to the browser, and the member would never see the sentence.
  for await (const part of request.parts({ limits })) {
    if (part.type === 'field') {
      fields.set(part.fieldname, String(part.value));
      continue;
    }
    const bytes = await readFile(part, digest);
    isTooLarge ||= part.file.truncated;
    if (part.fieldname === 'picture' && bytes.length > 0) file = { bytes, filename: part.filename, isOwn: true };
  }
  if (isTooLarge) throw pictureTooLarge(request, maxPictureBytes);
  const ofRender = fields.get('ofRender');
  digest.update(JSON.stringify([fields.get('text'), ofRender, file?.filename]));
  return {
    eventId: toEventId(fields.get('eventId')),
    text: fields.get('text') ?? '',
    author: toAuthor(fields.get('author')),
    attempt: digest.digest('hex'),
    picture: file ?? (isId(ofRender) ? { ofRender, mayManage: true } : undefined),
  };
}

/** The page makes it up (a UUID) and uses it again when it has to send again. */
export function toEventId(value: unknown): string {
  if (isId(value)) return value;
  throw new UserError(
    'bad_command',
    'Expected `eventId` to be 1 to 128 letters, digits and dashes, got something else.',
  );
}

async function readFile(part: MultipartFile, digest: Hash): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of part.file) {
    chunks.push(chunk as Buffer);
    // As it comes: all at once would hold up everybody.
    digest.update(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function pictureTooLarge(request: FastifyRequest, maxPictureBytes: number): UserError {
  const sent = Number(request.headers['content-length']);
  // The form around the picture adds less than a kilobyte, so the length of the whole is the picture's to one decimal.
  return refusal('picture_too_large', { bytes: sent > maxPictureBytes ? sent : undefined, most: maxPictureBytes });
}

function toAuthor(value: string | undefined): string {
  const name = (value ?? '').replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
  return Array.from(name).slice(0, LONGEST_AUTHOR).join('').trim() || 'Guest';
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value);
}
