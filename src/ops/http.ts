// What machines ask this process: is it alive, is it ready, and its numbers. With a token also the board of the queues.
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { isLoopback } from '../loopback.ts';
import { isSameSecret } from '../same-secret.ts';
import { createClientErrorHandler, lacksHost, type Refused, refuseExpectations } from '../unreadable.ts';
import { within } from '../within.ts';
import type { ShownQueue } from './board.ts';

const CHECK_WITHIN_MS = 3000;

// The board would fetch its letters from elsewhere.
const BOARD_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'self'; frame-ancestors 'none'";

const SECURITY_HEADERS = {
  'content-security-policy': BOARD_POLICY,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
};

const UNREADABLE: Refused = { headers: SECURITY_HEADERS, body: { reason: 'That could not be read.' } };

export interface OpsServerOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Needed to listen beyond loopback, and for all but whether it is alive and ready. */
  token: string | undefined;
  /** What keeps this process from its work, in words; empty if it is ready. */
  notReady(): Promise<string[]>;
  metrics(): Promise<{ contentType: string; text: string }>;
  /** Undefined: there is no board. */
  queues: ShownQueue[] | undefined;
}

export interface OpsServer {
  address: string;
  close(): Promise<void>;
}

export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const { host, port, token, notReady, metrics, queues } = options;
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    // Before any hook, so before anybody was asked for a token.
    frameworkErrors: (_error, _request, reply) =>
      (reply as FastifyReply).code(400).headers(SECURITY_HEADERS).send(UNREADABLE.body),
    clientErrorHandler: createClientErrorHandler(UNREADABLE),
    http: { requireHostHeader: false },
  });
  refuseExpectations(app.server, UNREADABLE);
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    return reply.code(status < 500 ? status : 503).send({ reason: 'That could not be answered.' });
  });
  guard(app, token);

  // Neither says more than yes or no to whoever cannot show the token, and probes cannot always show one.
  app.get('/live', async () => ({ live: true }));
  app.get('/ready', async (request, reply) => {
    const reasons = await within(CHECK_WITHIN_MS, notReady(), () => [
      `nothing was known after ${CHECK_WITHIN_MS / 1000} s`,
    ]);
    const isReady = reasons.length === 0;
    return reply.code(isReady ? 200 : 503).send({ ready: isReady, ...(isKnown(request, token) && { reasons }) });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.type(contentType).send(text);
  });
  if (token !== undefined && queues) {
    // Half a second of loading that nobody else pays for.
    const { serveBoard } = await import('./board.ts');
    await serveBoard(app, queues);
  }

  await app.listen({ host, port });
  const taken = app.server.address() as AddressInfo;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken.port}`,
    close: () => app.close(),
  };
}

function guard(app: FastifyInstance, token: string | undefined): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (lacksHost(request.raw)) return reply.code(400).send(UNREADABLE.body);
    // A page somewhere else must not ask in its visitor's name, though it may have a link; and a name that somebody's DNS points
    // here is not ours.
    const { 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
    const isLink = request.method === 'GET' && mode === 'navigate';
    if (!isLink && (site === 'cross-site' || site === 'same-site'))
      return refuse(reply, 403, 'Expected a request from here.');
    if (token === undefined && !isLoopback(request.hostname)) return refuse(reply, 403, 'Expected a local address.');
    if (['/live', '/ready'].includes(request.routeOptions.url ?? '')) return;
    // Without a token there is nobody who could show it: other accounts of this machine reach loopback, too.
    if (token === undefined)
      return refuse(reply, 403, 'Expected OPS_TOKEN to be set; without it nothing more is told.');
    if (isKnown(request, token)) return;
    reply.header('www-authenticate', 'Basic realm="animate-bot", charset="UTF-8"');
    return refuse(reply, 401, 'Expected OPS_TOKEN, as a bearer token or as the password of any user.');
  });
}

function isKnown({ headers: { authorization = '' } }: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return false;
  const [, scheme = '', given = ''] = /^(Bearer|Basic) (.+)$/i.exec(authorization) ?? [];
  const password =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(given, 'base64').toString('utf8').split(':').slice(1).join(':')
      : given;
  return isSameSecret(password, token);
}

function refuse(reply: FastifyReply, status: number, reason: string) {
  return reply.code(status).send({ reason });
}
