// Who may reach the page. Without a token only this machine may, and only pages that came from here may act.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationError } from '../../errors.ts';
import { isLoopback } from '../../loopback.ts';
import { isSameSecret } from '../../same-secret.ts';
import { readCookie, writeCookie } from './cookies.ts';
import { LOGIN_STYLE_HASH, loginPage } from './login-page.ts';
import type { Refusal } from './wire.ts';

const SESSION_COOKIE = 'animate_session';
const SESSION_SECONDS = 30 * 24 * 60 * 60;
const LOGIN_PATH = '/login';

// Nothing is fetched from anywhere else, and no script runs that is not a file of ours.
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' '${LOGIN_STYLE_HASH}'`,
  "img-src 'self' blob:",
  "media-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const SECURITY_HEADERS = {
  'content-security-policy': PAGE_POLICY,
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: with that a browser sends our own forms with `Origin: null`.
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** Throws unless the page may listen on this host: beyond loopback anybody on the network could use the GPU. */
export function requireSafeHost(host: string, token: string | undefined): void {
  if (token !== undefined || isLoopback(host)) return;
  throw new OperationError(
    'setup_missing',
    `Expected a token before the chat page listens on ${host}, where others can reach it, got none.`,
    { isRetryable: false },
  );
}

export function guardAccess(server: FastifyInstance, token: string | undefined): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (isFromElsewhere(request)) {
      return refuse(reply, 403, 'foreign_origin', 'Expected a request from this page itself, got one from elsewhere.');
    }
    if (token === undefined) {
      // A name that somebody else's DNS points at this machine is not ours (DNS rebinding).
      const host = hostnameOf(request.headers.host);
      if (isLoopback(host) || host.endsWith('.localhost')) return;
      return refuse(reply, 403, 'foreign_host', 'Expected a local address such as http://localhost, got another name.');
    }
    await requireToken(request, reply, token);
  });

  if (token === undefined) return;
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4096 },
    async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
  server.post<{ Body: { token?: unknown } | undefined }>(LOGIN_PATH, async (request, reply) => {
    const given = request.body?.token;
    if (typeof given === 'string' && isSameSecret(given.trim(), token)) return logIn(request, reply, token);
    return sendLogin(reply, 'That is not the token of this page. It was printed where the bot was started.');
  });
}

async function requireToken(request: FastifyRequest, reply: FastifyReply, token: string): Promise<unknown> {
  const session = readCookie(request.headers.cookie, SESSION_COOKIE);
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const isKnown =
    (session !== undefined && isSameSecret(session, sessionOf(token))) ||
    (bearer !== undefined && isSameSecret(bearer, token));
  const isPage = request.method === 'GET' && !/^\/(api|media)\//.test(request.url);
  const { token: given } = request.query as { token?: unknown };
  if (isPage && typeof given === 'string') {
    if (isSameSecret(given, token)) return logIn(request, reply, token);
    if (!isKnown) return sendLogin(reply, 'The token in that link is not the token of this page.');
  }
  if (isKnown || (request.method === 'POST' && request.url === LOGIN_PATH)) return;
  if (isPage) return sendLogin(reply, '');
  return refuse(reply, 401, 'login_needed', 'Expected the token of this page, got none that fits.');
}

function logIn(request: FastifyRequest, reply: FastifyReply, token: string) {
  writeCookie(reply, SESSION_COOKIE, sessionOf(token), SESSION_SECONDS);
  reply.header('cache-control', 'no-store');
  // After a link on another site a redirect would still count as coming from there, and a Strict cookie would stay behind;
  // a page that moves on by itself counts as ours. Either way the token leaves the address bar.
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    return reply.header('refresh', '0; url=/').type('text/html; charset=utf-8').send('<!doctype html><title>…</title>');
  }
  return reply.redirect('/', 303);
}

function sendLogin(reply: FastifyReply, complaint: string) {
  return reply
    .code(401)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(loginPage(complaint));
}

function refuse(reply: FastifyReply, status: number, code: string, message: string) {
  return reply.code(status).send({ code, message } satisfies Refusal);
}

/** Browsers say where a request comes from; programs such as curl say nothing, and carry no cookies to abuse. */
function isFromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (isReading) {
    const isNavigation = request.headers['sec-fetch-mode'] === 'navigate';
    return !isNavigation && (site === 'cross-site' || site === 'same-site');
  }
  if (site !== undefined && site !== 'same-origin') return true;
  return origin !== undefined && hostOf(origin) !== host;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function hostnameOf(host: string | undefined): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}

/** Not the token itself: a cookie that leaks opens this page for a while, but nobody reads the token from it. */
function sessionOf(token: string): string {
  return createHash('sha256').update(`animate-bot session ${token}`).digest('base64url');
}
