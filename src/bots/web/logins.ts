// How a browser is let in: by the link with the token, or by the page that asks for it. Either way the token leaves the address bar.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Words } from '../languages/words.ts';
import type { Cookies } from './cookies.ts';
import { loginPage } from './login-page.ts';
import { createPlaces } from './places.ts';

export const LOGIN_PATH = '/login';

const MAX_FORM_BYTES = 4096;
/** Forms under way. Nobody who sends one has shown the token yet. */
const MAX_AT_ONCE = 20;
const MAX_LOGIN_MS = 10_000;
const WAIT_MS = 2000;

/** Of a token that somebody shows. `opensWith` is the mark of the one that it was compared with. */
export type Verdict = { kind: 'right'; opensWith: string } | { kind: 'wrong' } | { kind: 'held'; waitMs: number };

export interface LoginOptions {
  judge(request: FastifyRequest, given: string): Promise<Verdict>;
  cookies: Cookies;
  /** Opens a session: resolves to its secret and to its member. */
  begin(request: FastifyRequest, opensWith: string): Promise<{ id: string; memberId: string }>;
}

export function createLogin({ judge, cookies, begin }: LoginOptions) {
  const places = createPlaces(MAX_AT_ONCE);

  const ask = (
    request: FastifyRequest,
    reply: FastifyReply,
    complain: (words: Words['login']) => string = () => '',
  ) => {
    if (reply.statusCode < 400) reply.code(401);
    return reply
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(loginPage(request.headers['accept-language'], complain));
  };

  const goTo = (reply: FastifyReply) => reply.header('cache-control', 'no-store').redirect('/', 303);

  const logIn = async (request: FastifyRequest, reply: FastifyReply, given: string) => {
    const verdict = await judge(request, given);
    if (verdict.kind === 'wrong') return ask(request, reply, ({ wrong }) => wrong);
    if (verdict.kind === 'held') {
      reply.code(429).header('retry-after', Math.ceil(verdict.waitMs / 1000));
      return ask(request, reply, ({ tooManyWrong }) => tooManyWrong(Math.ceil(verdict.waitMs / 60_000)));
    }
    const { id, memberId } = await begin(request, verdict.opensWith);
    cookies.writeSession(reply, id);
    cookies.writeMember(reply, memberId);
    return goTo(reply);
  };

  return {
    ask,

    /** Nothing that is fetched from here learns of the address with the token. */
    async byLink(
      request: FastifyRequest,
      reply: FastifyReply,
      { linked, isKnown }: { linked: string; isKnown: boolean },
    ) {
      reply.header('referrer-policy', 'no-referrer');
      if (isKnown) return goTo(reply);
      // After a link on another site the browser holds back its cookies, and a redirect would still count as coming from there;
      // a page that moves on by itself counts as ours. So whoever has a session keeps it.
      if (request.headers['sec-fetch-site'] === 'cross-site') {
        return reply
          .headers({ 'cache-control': 'no-store', refresh: `0; url=/?token=${encodeURIComponent(linked)}` })
          .type('text/html; charset=utf-8')
          .send('<!doctype html><title>…</title>');
      }
      return logIn(request, reply, linked);
    },

    serve(server: FastifyInstance): void {
      server.addContentTypeParser(
        'application/x-www-form-urlencoded',
        { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
        async (_request: FastifyRequest, body: string) => Object.fromEntries(new URLSearchParams(body)),
      );
      const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
        const giveBack = await places.take(WAIT_MS);
        if (!giveBack) return ask(request, reply.code(503).header('retry-after', 5), ({ busy }) => busy);
        const timer = setTimeout(() => request.raw.destroy(), MAX_LOGIN_MS);
        reply.raw.on('close', () => {
          clearTimeout(timer);
          giveBack();
        });
      };
      server.post<{ Body: { token?: unknown } | undefined }>(LOGIN_PATH, { onRequest }, async (request, reply) => {
        const given = request.body?.token;
        return logIn(request, reply, typeof given === 'string' ? tokenIn(given) : '');
      });
    },
  };
}

/** Whoever is asked for a token may well paste the whole link. */
function tokenIn(text: string): string {
  const linked = URL.canParse(text.trim()) ? new URL(text.trim()).searchParams.get('token') : undefined;
  return linked ?? text.trim();
}
