// Pictures and clips over HTTP, in ranges: a video element asks for the end of a clip before its beginning.
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isStoreKey, type Store } from '../../media/store.ts';
import { PLATFORM_NAME } from './channel.ts';
import type { Refusal } from './wire.ts';

/** What the page reads of the media store. */
export type Media = Pick<Store, 'read' | 'size'>;

// A browser asks each time, so that what was deleted is gone there, too. Private: what sits between us and the member may not keep it.
const CACHE_CONTROL = 'private, no-cache';

export function serveMedia(server: FastifyInstance, media: Media): void {
  const serve = (folder: string, type: string) => {
    server.get<{ Params: { name: string }; Querystring: { download?: string } }>(
      `/media/${folder}/:name`,
      async (request, reply) => {
        const key = `${folder}/${request.params.name}`;
        const size = isStoreKey(key) && isOfPage(request.params.name) ? await media.size(key) : undefined;
        if (size === undefined) return gone(reply);
        // A key is never used for other bytes again, so its name says which they are.
        const tag = `"${request.params.name}"`;
        reply.headers({ 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': CACHE_CONTROL, etag: tag });
        if (request.headers['if-none-match'] === tag) return reply.code(304).send();
        if (request.query.download !== undefined) {
          reply.header('content-disposition', `attachment; filename="${fileName(request)}"`);
        }
        return await sendRange(request, reply, media, key, size);
      },
    );
  };
  serve('pictures', 'image/png');
  serve('clips', 'video/mp4');
}

/** What was made for members of chats is not for those who have the page open. */
const isOfPage = (name: string): boolean => name.startsWith(`${PLATFORM_NAME}-`);

async function sendRange(request: FastifyRequest, reply: FastifyReply, media: Media, key: string, size: number) {
  const range = parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    reply.removeHeader('cache-control');
    return reply
      .code(416)
      .header('content-range', `bytes */${size}`)
      .type('application/json')
      .send({ code: 'range_unsatisfiable', message: `Expected a range within ${size} bytes.` } satisfies Refusal);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  reply.header('content-length', end - start + 1);
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  const file = await media.read(key, range);
  if (file === undefined) return gone(reply);
  closeWith(reply, file.stream);
  return reply.send(file.stream);
}

/** A member who scrolls on leaves half-read clips behind. */
function closeWith(reply: FastifyReply, stream: Readable): void {
  reply.raw.on('close', () => stream.destroy());
}

/** One range, as browsers ask; anything else is answered with the whole file, as RFC 9110 allows. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  return start > end ? 'unsatisfiable' : { start, end };
}

function fileName(request: FastifyRequest<{ Params: { name: string }; Querystring: { download?: string } }>): string {
  const { download = '' } = request.query;
  return /^[\w .-]{1,100}$/.test(download) ? download : request.params.name;
}

function gone(reply: FastifyReply) {
  reply.removeHeader('content-length');
  reply.removeHeader('content-range');
  return reply
    .code(404)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send({ code: 'media_gone', message: 'That file is no longer here.' } satisfies Refusal);
}
