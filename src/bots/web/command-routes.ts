// What a member does on the page: send a command, press a button. Whoever can open the page may use every button on it:
// it is the operator's own page, on their own machine or behind their own token.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { ButtonPress, Handlers, Kept, Member, MessageRef } from '../platform.ts';
import type { View } from '../view.ts';
import type { Access } from './access.ts';
import { CHANNEL_NAME, type MessageChannel } from './channel.ts';
import type { Media } from './media-routes.ts';
import { shownPicture } from './shown-picture.ts';
import { type TarEntry, toTar } from './tar.ts';
import { readUpload, toEventId, type Upload } from './upload.ts';
import { createUploadPlaces } from './upload-places.ts';
import type { Refusal } from './wire.ts';

/** The page is one channel, on no server, and knows no roles. */
const PLACE = { channel: CHANNEL_NAME, roles: [] };

const pressSchema = z.object({
  action: z.enum(['cancel', 'again', 'larger', 'extend', 'delete']),
  eventId: z.string(),
});

export interface CommandRoutesOptions {
  access: Access;
  channel: MessageChannel;
  media: Media;
  maxPictureBytes: number;
  handlers: Handlers;
  /** Called after a message has been posted or has got another reply. */
  changed(messageId: string): Promise<void>;
}

export function serveCommands(server: FastifyInstance, options: CommandRoutesOptions): void {
  const { access, channel, media, maxPictureBytes, handlers, changed } = options;
  // The browser keeps the name that its user typed; the id is ours, so that a name is enough to be greeted, not to be somebody.
  const memberOf = (request: FastifyRequest, reply: FastifyReply, name: string): Member => ({
    id: access.memberOf(request, reply),
    name,
  });
  const uploads = createUploadPlaces();

  server.post('/api/animate', async (request, reply) => {
    const place = await uploads.take(access.whoAsks(request) ?? '');
    if (!place) return busy(reply);
    try {
      const upload = await readUpload(request, maxPictureBytes).finally(place.arrived);
      return await animate(request, reply, upload);
    } finally {
      place.end();
    }
  });

  const animate = async (request: FastifyRequest, reply: FastifyReply, upload: Upload) => {
    const { eventId, text, author, picture, attempt } = upload;
    const open = async (view: View): Promise<MessageRef> => {
      const earlier = picture !== undefined && 'ofRender' in picture ? [picture.ofRender] : [];
      const shown = await shownPicture(media, [view.renderId, ...earlier], view);
      const ref = await channel.open({ id: `m-${eventId}`, author, text }, { id: `r-${eventId}`, view, ...shown });
      await changed(ref.thread);
      return ref;
    };
    const { renderId } = await handlers.animate({
      eventId,
      attempt,
      member: memberOf(request, reply, author),
      place: PLACE,
      text,
      picture,
      open,
    });
    return reply.code(202).send({ renderId });
  };

  server.post('/api/accept', async (request, reply) => {
    return { message: await handlers.accept({ member: memberOf(request, reply, 'Guest') }) };
  });

  server.post('/api/forget', async (request, reply) => {
    return { message: await handlers.forget({ member: memberOf(request, reply, 'Guest') }) };
  });

  server.get('/api/export', async (request, reply) => {
    const kept = await handlers.kept({ member: memberOf(request, reply, 'Guest') });
    reply.headers({
      'content-type': 'application/x-tar',
      'content-disposition': 'attachment; filename="animate-bot-export.tar"',
      'cache-control': 'no-store',
    });
    return reply.send(Readable.from(toTar(exported(media, kept))));
  });

  server.post<{ Params: { id: string } }>('/api/renders/:id/press', async (request, reply) => {
    const { success, data } = pressSchema.safeParse(request.body);
    if (!success)
      throw new UserError(
        'bad_command',
        'Expected `action` to be cancel, again, larger, extend or delete, got something else.',
      );
    const renderId = request.params.id;
    const thread = await channel.threadOf(renderId);
    if (thread === undefined) throw new UserError('render_unknown', 'That clip is no longer here.');
    const eventId = toEventId(data.eventId);
    const press: ButtonPress = {
      eventId,
      action: data.action,
      renderId,
      member: memberOf(request, reply, 'Guest'),
      place: PLACE,
      mayManage: true,
      async open(view) {
        const shown = await shownPicture(media, [view.renderId], view);
        const ref = await channel.reply(thread, { id: `r-${eventId}`, view, ...shown });
        if (ref === undefined) throw new UserError('render_unknown', 'That clip was deleted a moment ago.');
        await changed(ref.thread);
        return ref;
      },
    };
    return { message: await handlers.press(press) };
  });
}

/** The page sends it again by itself. */
function busy(reply: FastifyReply) {
  const refusal: Refusal = {
    code: 'busy',
    message: 'Too many pictures are being sent right now. Please try again in a moment.',
  };
  return reply.code(503).header('retry-after', 5).header('connection', 'close').send(refusal);
}

/** What is deleted while it is read is left out. */
async function* exported(media: Media, { document, files }: Kept): AsyncGenerator<TarEntry> {
  const bytes = Buffer.from(JSON.stringify(document, undefined, 2));
  yield { name: 'animate-bot-export/export.json', size: bytes.length, bytes };
  for (const key of files) {
    const stored = await media.read(key);
    if (stored) yield { name: `animate-bot-export/${key}`, size: stored.size, bytes: stored.stream };
  }
}
