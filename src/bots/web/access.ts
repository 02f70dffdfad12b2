// Who may reach the page: a browser with a session, which the token opens; a program that shows the token; or, where the operator has
// switched the token off, everybody on this machine. And only pages that came from here may act.
import { createHmac, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationError } from '../../errors.ts';
import { isLoopback } from '../../loopback.ts';
import { isSameSecret } from '../../same-secret.ts';
import { lacksHost } from '../../unreadable.ts';
import { createCookies } from './cookies.ts';
import { createGuesses } from './guesses.ts';
import { LOGIN_STYLE_HASH } from './login-page.ts';
import { createLogin, LOGIN_PATH, type Verdict } from './logins.ts';
import type { PageSecrets } from './page-secrets.ts';
import { createSessions, type Session, type Sessions } from './sessions.ts';
import type { Refusal } from './wire.ts';

/** Whoever shows the token with each request: all of them are one member, so that limits hold for them. */
const PROGRAM_ID = 'program';

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

export interface AccessOptions {
  redis: Parameters<typeof createGuesses>[0];
  prefix: string;
  secrets: PageSecrets;
  /** No token is asked for. */
  isOpen: boolean;
  /** The page is reached over HTTPS alone. */
  isSecure: boolean;
  now: () => number;
}

export interface Access {
  guard(server: FastifyInstance): void;
  /** The id of the member who asks, as far as that is known. */
  whoAsks(request: FastifyRequest): string | undefined;
  /** The same, and where it is not known yet, a new one for this browser. */
  memberOf(request: FastifyRequest, reply: FastifyReply): string;
  /** Undefined for programs, and where no token is asked for. */
  sessionOf(request: FastifyRequest): Session | undefined;
  /** What let this request in: its session, or the token that a program showed. Undefined where no token is asked for. */
  passOf(request: FastifyRequest): string | undefined;
  /** Those that let anybody in now. */
  passes(): Promise<Set<string>>;
  sessions: { list(): Promise<Session[]>; end: Sessions['end'] };
  /** This browser is to forget its session. */
  forget(reply: FastifyReply): void;
}

/** Throws unless the page may listen on this host: beyond loopback anybody on the network could use the GPU. */
export function requireSafeHost(host: string, isOpen: boolean): void {
  if (!isOpen || isLoopback(host)) return;
  throw new OperationError(
    'setup_missing',
    `Expected a token before the chat page listens on ${host}, where others can reach it, got WEB_TOKEN=off.`,
    { isRetryable: false },
  );
}

export async function openAccess(options: AccessOptions): Promise<Access> {
  const { redis, prefix, secrets, isOpen, isSecure, now } = options;
  const key = await secrets.key();
  const cookies = createCookies({ key, isSecure });
  const sessions = createSessions({ redis, prefix, now });
  const guesses = createGuesses(redis, prefix);
  const known = new WeakMap<FastifyRequest, Session>();
  const shown = new WeakMap<FastifyRequest, string>();
  const markOf = (token: string): string => createHmac('sha256', key).update(`token ${token}`).digest('base64url');
  const mark = async (): Promise<string> => markOf(await secrets.token());

  const judge = async (request: FastifyRequest, given: string): Promise<Verdict> => {
    const token = await secrets.token();
    const isRight = isSameSecret(given, token);
    const right = { kind: 'right', opensWith: markOf(token) } as const;
    // So nobody who guesses keeps others from logging in, where guessing leads nowhere anyway.
    if (isRight && !secrets.isGuessable) return right;
    const waitMs = await guesses.weigh(request.ip, cookies.readMember(request), isRight);
    if (waitMs > 0) return { kind: 'held', waitMs };
    return isRight ? right : { kind: 'wrong' };
  };

  const login = createLogin({
    judge,
    cookies,
    // Not the token of now: it may have been renewed since this one was found right.
    async begin(request, opensWith) {
      const before = await sessions.find(cookies.readSession(request), opensWith);
      if (before) await sessions.end([before.name]);
      // Whoever was here before is the same member again, blocked or not.
      const memberId = before?.memberId ?? cookies.readMember(request) ?? randomUUID();
      return { id: await sessions.begin(memberId, opensWith), memberId };
    },
  });

  const requireLocalName = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    // A name that somebody else's DNS points at this machine is not ours (DNS rebinding).
    const host = hostnameOf(request.headers.host);
    if (isLoopback(host) || host.endsWith('.localhost')) return;
    return refuse(reply, 403, 'foreign_host', 'Expected a local address such as http://localhost, got another name.');
  };

  const requireToken = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const session = await sessions.find(cookies.readSession(request), await mark());
    if (session) known.set(request, session);
    const isPage = request.method === 'GET' && !/^\/(api|media)\//.test(request.url);
    const { token: linked } = request.query as { token?: unknown };
    if (isPage && typeof linked === 'string')
      return login.byLink(request, reply, { linked, isKnown: session !== undefined });
    if (session || (request.method === 'POST' && request.url === LOGIN_PATH)) return;
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const verdict: Verdict = bearer === undefined ? { kind: 'wrong' } : await judge(request, bearer);
    if (verdict.kind === 'right') return void shown.set(request, verdict.opensWith);
    if (verdict.kind === 'held') {
      reply.header('retry-after', Math.ceil(verdict.waitMs / 1000));
      return refuse(reply, 429, 'too_many_guesses', 'There were too many wrong tokens from here. Try again later.');
    }
    if (isPage) return login.ask(request, reply);
    return refuse(reply, 401, 'login_needed', 'Expected the token of this page, got none that fits.');
  };

  const whoAsks = (request: FastifyRequest): string | undefined => {
    if (isOpen) return cookies.readMember(request);
    return known.get(request)?.memberId ?? PROGRAM_ID;
  };

  return {
    guard(server) {
      server.addHook('onRequest', async (request, reply) => {
        reply.headers(SECURITY_HEADERS);
        if (lacksHost(request.raw)) return refuse(reply, 400, 'bad_request', 'That request could not be read.');
        if (isFromElsewhere(request)) {
          const expected = 'Expected a request from this page itself, got one from elsewhere.';
          return refuse(reply, 403, 'foreign_origin', expected);
        }
        return isOpen ? requireLocalName(request, reply) : requireToken(request, reply);
      });
      if (!isOpen) login.serve(server);
    },

    whoAsks,

    memberOf(request, reply) {
      const member = whoAsks(request);
      if (member !== undefined) return member;
      const id = randomUUID();
      cookies.writeMember(reply, id);
      return id;
    },

    sessionOf: (request) => known.get(request),
    passOf: (request) => known.get(request)?.name ?? shown.get(request),
    async passes() {
      const opensWith = await mark();
      return new Set([opensWith, ...(await sessions.list(opensWith)).map(({ name }) => name)]);
    },
    sessions: { list: async () => sessions.list(await mark()), end: sessions.end },
    forget: cookies.clearSession,
  };
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
