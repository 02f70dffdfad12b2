// The local chat page as a Platform: one channel in the browser, its messages in Redis, its news over server-sent events.
import type { AddressInfo } from 'node:net';
import multipart from '@fastify/multipart';
import serveStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { OperationError, UserError } from '../../errors.ts';
import { createClientErrorHandler, type Refused, refuseExpectations } from '../../unreadable.ts';
import type { Clip, Handlers, MessageRef, Platform } from '../platform.ts';
import type { View } from '../view.ts';
import { type Access, openAccess, requireSafeHost, SECURITY_HEADERS } from './access.ts';
import { serveAdmin } from './admin-routes.ts';
import { CHANNEL_NAME, createChannel, PLATFORM_NAME } from './channel.ts';
import { serveCommands } from './command-routes.ts';
import { createLiveFeed } from './live-feed.ts';
import { type Media, serveMedia } from './media-routes.ts';
import { PAGE_PREFIX, type PageSecrets } from './page-secrets.ts';
import { serveSessions } from './session-routes.ts';
import { shownPicture } from './shown-picture.ts';
import type { Channel, ClipLink, Refusal } from './wire.ts';

export interface WebPlatformOptions {
  redis: Redis;
  media: Media;
  /** Where scripts/build-page.mjs put the page. */
  pageFolder: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Where people reach it, if that is not where it listens. */
  url: string | undefined;
  /** No token is asked for: on loopback alone. */
  isOpen: boolean;
  secrets: PageSecrets;
  maxPictureBytes: number;
  log: Logger;
  /** What every key in Redis starts with. */
  prefix?: string;
  /** How many messages are kept. */
  keep?: number;
  now?: () => number;
}

export interface WebPlatform extends Platform {
  /** Deletes the messages of before this time. */
  forgetBefore(time: number): Promise<void>;
  /** Where the page is, once started: `http://127.0.0.1:8470`. */
  address(): string;
}

const DEFAULT_KEEP = 1000;
const MESSAGES_SHOWN = 100;
const JSON_BYTES = 16 * 1024;

/** The slowest upload that is waited for; Fastify itself would wait for ever. */
const REQUEST_TIMEOUT_MS = 10 * 60 * 1000;

export function createWebPlatform(options: WebPlatformOptions): WebPlatform {
  const { redis, media, pageFolder, host, port, url, isOpen, secrets, maxPictureBytes, log } = options;
  const { prefix = PAGE_PREFIX, keep = DEFAULT_KEEP, now = Date.now } = options;
  requireSafeHost(host, isOpen);
  const channel = createChannel({ redis, prefix, keep, now });
  let access: Access | undefined;
  const feed = createLiveFeed(async () => (await access?.passes()) ?? new Set());
  let server: FastifyInstance | undefined;
  let listeningAt: string | undefined;

  async function changed(messageId: string): Promise<void> {
    const message = await channel.read(messageId);
    if (message !== undefined) feed.send('message', message);
    for (const id of await channel.trim()) feed.send('removed', { id });
  }

  async function show(ref: MessageRef, view: View, clip: ClipLink | undefined): Promise<void> {
    if (view.kind === 'deleted') {
      const hasOthers = await channel.remove(ref, view.renderId);
      if (!hasOthers) feed.send('removed', { id: ref.thread });
      else await changed(ref.thread);
    } else if (await channel.show(ref, view, clip)) {
      await changed(ref.thread);
    }
  }

  async function listen(handlers: Handlers): Promise<void> {
    const app = fastify({
      logger: false,
      // What Fastify refuses before any hook, such as an address that is not UTF-8: without its echo, and with our headers.
      frameworkErrors: (_error, _request, reply) => answerUnreadable(reply as FastifyReply),
      clientErrorHandler: createClientErrorHandler(UNREADABLE),
      http: { requireHostHeader: false },
      bodyLimit: JSON_BYTES,
      forceCloseConnections: true,
      requestTimeout: REQUEST_TIMEOUT_MS,
      routerOptions: { maxParamLength: 200 },
    });
    server = app;
    refuseExpectations(app.server, UNREADABLE);
    answerErrors(app, log);
    const opened = await openAccess({
      redis,
      prefix,
      secrets,
      isOpen,
      isSecure: url?.startsWith('https:') ?? false,
      now,
    });
    access = opened;
    opened.guard(app);
    await app.register(multipart, { throwFileSizeLimit: false });
    await app.register(serveStatic, { root: pageFolder, cacheControl: false, setHeaders: askEachTime });
    serveMedia(app, media);
    serveAdmin(app, handlers);
    serveSessions(app, { access: opened, ended: () => feed.recheck() });
    serveCommands(app, { access: opened, channel, media, maxPictureBytes, handlers, changed });
    app.get('/api/channel', async (_request, reply): Promise<Channel> => {
      reply.header('cache-control', 'no-store');
      return { name: CHANNEL_NAME, messages: await channel.latest(MESSAGES_SHOWN), maxPictureBytes };
    });
    app.get('/api/events', { exposeHeadRoute: false }, (request, reply) => {
      if (feed.isFull(opened.passOf(request))) {
        const message = 'Too many pages are open right now. Please try again in a moment.';
        return reply
          .code(503)
          .header('retry-after', 30)
          .send({ code: 'busy', message } satisfies Refusal);
      }
      reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      reply.hijack();
      // Fastify writes the headers that hooks have set only with a reply of its own.
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value ?? '');
      feed.join(reply.raw, opened.passOf(request));
    });
    await app.listen({ host, port });
    const taken = app.server.address() as AddressInfo;
    listeningAt = `http://${toUrlHost(host)}:${taken.port}`;
  }

  return {
    name: PLATFORM_NAME,
    start: listen,
    update: (ref, view) => show(ref, view, undefined),
    deliver: (ref, view, clip) => show(ref, view, clip && toClipLink(clip)),
    async openKept(member, view) {
      const { renderId, request } = view;
      const posted = await channel.find(renderId);
      if (posted) return posted;
      const shown = await shownPicture(media, [renderId], view);
      // The same names as its command would have given them, had it come again.
      const eventId = renderId.slice(`${PLATFORM_NAME}-`.length);
      const message = { id: `m-${eventId}`, author: member.name, text: request.prompt };
      const ref = await channel.open(message, { id: `r-${eventId}`, view, ...shown });
      await changed(ref.thread);
      return ref;
    },
    async forgetBefore(time) {
      for (const id of await channel.forgetBefore(time)) feed.send('removed', { id });
    },
    async stop() {
      feed.close();
      await server?.close();
    },
    address() {
      if (listeningAt === undefined) throw new Error('The chat page has not been started');
      return listeningAt;
    },
  };
}

const UNREADABLE: Refused = {
  headers: { ...SECURITY_HEADERS },
  body: { code: 'bad_request', message: 'That request could not be read.' } satisfies Refusal,
};

function answerUnreadable(reply: FastifyReply): FastifyReply {
  return reply.code(400).headers(UNREADABLE.headers).send(UNREADABLE.body);
}

/** The page's files keep their names from release to release, so a browser asks each time whether they changed. */
function askEachTime(reply: FastifyReply): void {
  reply.header('cache-control', 'no-cache');
}

function answerErrors(server: FastifyInstance, log: Logger): void {
  const refusal = (code: string, message: string): Refusal => ({ code, message });
  server.setNotFoundHandler((_request, reply) => {
    return reply.code(404).send(refusal('not_found', 'There is nothing at this address.'));
  });
  server.setErrorHandler((error: unknown, request, reply) => {
    if (error instanceof UserError) {
      const { offers } = error;
      return reply.code(422).send({ ...refusal(error.code, error.message), ...(offers.length > 0 && { offers }) });
    }
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (status < 500) return reply.code(status).send(refusal('bad_request', 'That request could not be read.'));
    log.error({ err: error, route: request.routeOptions.url }, 'A request to the chat page failed');
    const code = error instanceof OperationError ? error.code : 'internal';
    return reply.code(503).send(refusal(code, 'Something broke on our side; nothing was lost, so please try again.'));
  });
}

function toClipLink({ key, filename, result }: Clip): ClipLink {
  const { width, height, engine } = result;
  return { url: `/media/${key}`, filename, width, height, isPreview: engine === 'preview' };
}

function toUrlHost(host: string): string {
  // Not `localhost`: that may be ::1, where another account of this machine may listen and would be told the token.
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
