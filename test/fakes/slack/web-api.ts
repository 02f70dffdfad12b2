// The Web API: one address for each method, with tokens and their scopes, rate limits, and the troubles that a test asks for.
import { parse } from 'node:querystring';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Method, type Methods, Refusal, readArguments, type Service } from './method.ts';
import type { FakeTeam, Json, World } from './world.ts';

/** Answers that are not Slack's usual ones. `files.upload` and `files.download` are the addresses of the bytes. */
export interface Trouble {
  method: string | RegExp;
  /** `hang` never answers. 200 with `error`, if left out. */
  status?: number | 'hang';
  error?: string;
  /** Seconds, with 429. */
  retryAfter?: number;
  /** In place of a file, the way to another address. */
  redirectTo?: string;
  times: number;
  /** So many requests pass before. */
  after?: number;
  /** Slack does what was asked, but its answer is lost on the way. */
  isDone?: boolean;
}

export interface Asked {
  method: string;
  body: Json;
  at: number;
}

export interface WebApiOptions {
  service: Service;
  methods: Methods;
  appToken: string;
}

const LONGEST_BODY_BYTES = 2 ** 28;

export function serveWebApi({ service, methods, appToken }: WebApiOptions) {
  const { world, faults } = service;
  const app = fastify({ forceCloseConnections: true, bodyLimit: LONGEST_BODY_BYTES });
  const troubles: Trouble[] = [];
  const requests: Asked[] = [];
  /** Whose bytes are taken, and whose answers are lost. */
  const lost = new WeakMap<FastifyRequest, Trouble>();

  const tokenOf = (request: FastifyRequest, body: Json = {}): string | undefined =>
    /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? (body.token as string | undefined);
  const teamOf = (request: FastifyRequest): FakeTeam | undefined => {
    const team = teamWith(world, tokenOf(request));
    return team?.isInstalled ? team : undefined;
  };

  const findTrouble = (method: string): Trouble | undefined => {
    const isOf = ({ method: of }: Trouble) => (typeof of === 'string' ? of === method : of.test(method));
    const trouble = troubles.find((each) => each.times > 0 && isOf(each));
    if (trouble && (trouble.after ?? 0) > 0) {
      trouble.after = (trouble.after ?? 0) - 1;
      return undefined;
    }
    if (trouble) trouble.times -= 1;
    return trouble;
  };

  const answerWith = async (
    { status = 200, error, retryAfter = 1, redirectTo }: Trouble,
    reply: FastifyReply,
  ): Promise<unknown> => {
    world.tell();
    if (redirectTo !== undefined) return reply.redirect(redirectTo);
    if (status === 'hang') return new Promise(() => undefined);
    if (status === 429) reply.header('retry-after', retryAfter);
    return reply.code(status).send({ ok: false, error: error ?? (status === 429 ? 'ratelimited' : 'internal_error') });
  };

  const readBody = (request: FastifyRequest): Json =>
    typeof request.body === 'string' ? { ...parse(request.body) } : ((request.body ?? {}) as Json);

  const callerOf = (method: Method, token: string | undefined): { team: FakeTeam; isAppToken: boolean } => {
    const [first] = world.teams.values();
    if (!first) throw new Error('There is no workspace');
    if (method.token === 'none') return { team: first, isAppToken: false };
    if (token === undefined) throw new Refusal('not_authed');
    const isAppToken = token === appToken;
    const team = isAppToken ? first : teamWith(world, token);
    if (!team) throw new Refusal('invalid_auth');
    if (!team.isInstalled) throw new Refusal('account_inactive');
    const isRight = method.token === 'app' ? isAppToken : !isAppToken || method === methods['auth.test'];
    if (!isRight) throw new Refusal('not_allowed_token_type', {}, true);
    return { team, isAppToken };
  };

  const requireScope = (method: Method, team: FakeTeam, channel: unknown, reply: FastifyReply): void => {
    const { scopes = [] } = method;
    const needed = typeof scopes === 'function' ? scopes(world.channels.get(String(channel))) : scopes;
    reply.header('x-oauth-scopes', team.scopes.join(','));
    if (needed.length > 0) reply.header('x-accepted-oauth-scopes', needed.join(','));
    if (needed.length === 0 || needed.some((scope) => team.scopes.includes(scope))) return;
    throw new Refusal('missing_scope', { needed: needed.join(','), provided: team.scopes.join(',') });
  };

  const call = (name: string, request: FastifyRequest, reply: FastifyReply, body: Json): unknown => {
    const method = methods[name];
    if (!method) throw new Refusal('unknown_method', { req_method: name }, true);
    const { team, isAppToken } = callerOf(method, tokenOf(request, body));
    const retryAfter = service.limits.check(method.tier, name, team.id, String(body.channel));
    if (retryAfter !== undefined) {
      return reply.code(429).header('retry-after', retryAfter).send({ ok: false, error: 'ratelimited' });
    }
    requireScope(method, team, body.channel, reply);
    const { given, unknown } = readArguments(method.arguments, body);
    if (unknown.length > 0) faults.push(`${name}: Slack knows no ${unknown.join(', ')}`);
    if (method.token === 'none') Object.assign(given, basicCredentials(request));
    return reply.send({ ok: true, ...method.run({ team, given, isAppToken }) });
  };

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );

  // Uploads and downloads have troubles of their own; the methods' are met in their route, where they can follow the deed.
  app.addHook('preHandler', async (request, reply) => {
    const method = /^\/(upload|files-pri)\//.exec(request.url)?.[1];
    if (!method) return;
    const name = method === 'upload' ? 'files.upload' : 'files.download';
    requests.push({ method: name, body: { url: request.url }, at: Date.now() });
    world.tell();
    const trouble = findTrouble(name);
    if (!trouble) return;
    if (!trouble.isDone) return answerWith(trouble, reply);
    lost.set(request, trouble);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const trouble = lost.get(request);
    if (!trouble) return payload;
    reply.code(typeof trouble.status === 'number' ? trouble.status : 502);
    return 'Bad gateway';
  });

  app.route<{ Params: { method: string } }>({
    method: ['GET', 'POST'],
    url: '/api/:method',
    async handler(request, reply) {
      const { method: name } = request.params;
      const body = { ...(request.query as Json), ...readBody(request) };
      const { token: _, ...shown } = body;
      requests.push({ method: name, body: shown, at: Date.now() });
      world.tell();
      const trouble = findTrouble(name);
      if (trouble && !trouble.isDone) return answerWith(trouble, reply);
      if (!trouble) return call(name, request, reply, body);
      call(name, request, { header: () => undefined, send: () => undefined } as unknown as FastifyReply, body);
      return answerWith(trouble, reply);
    },
  });

  app.setErrorHandler((error: unknown, request, reply) => {
    if (error instanceof Refusal) {
      const { message, details, isOurFault } = error;
      if (isOurFault) faults.push(`${request.url.replace('/api/', '')}: ${message} ${JSON.stringify(details)}`);
      return reply.send({ ok: false, error: message, ...details });
    }
    faults.push(`${request.method} ${request.url}: ${error}`);
    return reply.code(500).send({ ok: false, error: 'fatal_error' });
  });
  app.setNotFoundHandler((request, reply) => {
    faults.push(`${request.method} ${request.url}: no such address`);
    return reply.code(404).type('text/html').send('<html>Not found</html>');
  });

  return { app, troubles, requests, teamOf };
}

function teamWith(world: World, token: string | undefined): FakeTeam | undefined {
  return [...world.teams.values()].find(({ botToken }) => botToken === token);
}

function basicCredentials(request: FastifyRequest): Json {
  const [, encoded] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (!encoded) return {};
  const [id, secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { client_id: id, client_secret: secret };
}
