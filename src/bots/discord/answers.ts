// What an HTTP answer is before discord.js reads it: Discord's own, a proxy's in its place, or a refusal of the bot's token.

const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;
/** How long Cloudflare shuts an address out whose page does not say. */
const PAGE_WAIT_SECONDS = 60;
const WAIT_SECONDS = 5;
/** Responses with these have no body, and are made with none. */
const WITHOUT_BODY = new Set([204, 205, 304]);
const DROPPED_HEADERS = ['content-encoding', 'content-length', 'transfer-encoding'];

/** An answer that is not Discord's: Cloudflare's or a proxy's page, a redirect. Nobody but the network is at fault. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer';
  readonly status: number;

  constructor(status: number) {
    super(`Something between here and Discord answered ${status} in its place.`);
    this.status = status;
  }
}

/** Discord refused the bot's own token this time: a hiccup of Discord's, or the operator's business. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly status = UNAUTHORIZED;
  readonly code: number;

  constructor({ code, message }: { code: number; message?: unknown }) {
    super(String(message ?? '401: Unauthorized'));
    this.code = code;
  }
}

/**
 * Reads an answer whole, so that half an answer is a connection that broke. `isOfBot`: the request had the bot's own token, which
 * discord.js would forget at the first 401.
 */
export async function readAnswer(response: Response, { isOfBot }: { isOfBot: boolean }): Promise<Response> {
  const { status, headers } = response;
  const text = WITHOUT_BODY.has(status) ? null : await response.text();
  const body = parse(text);
  if (status >= 300 && status < 400) throw new ForeignAnswer(status);
  if (status === TOO_MANY_REQUESTS) return again(text, status, withWait(headers, body));
  if (status >= 500) return again(text, status, headers);
  if (status >= 400) {
    if (!isRefusal(body)) throw new ForeignAnswer(status);
    if (isOfBot && status === UNAUTHORIZED) throw new TokenRefused(body);
  } else if (body === undefined && text) throw new ForeignAnswer(status);
  return again(text, status, headers);
}

function parse(text: string | null): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRefusal(body: unknown): body is { code: number; message?: unknown } {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'number';
}

/** discord.js asks again at once where no time is told, and Discord bans an address for 10,000 such answers in 10 minutes. */
function withWait(given: Headers, body: unknown): Headers {
  const headers = new Headers(given);
  if (Number(headers.get('retry-after')) > 0) return headers;
  const told = typeof body === 'object' && body !== null && 'retry_after' in body ? Number(body.retry_after) : 0;
  // A page is not about one route: the address is shut out.
  if (body === undefined) headers.set('x-ratelimit-global', 'true');
  headers.set('retry-after', String(told > 0 ? told : body === undefined ? PAGE_WAIT_SECONDS : WAIT_SECONDS));
  return headers;
}

function again(text: string | null, status: number, given: Headers): Response {
  const headers = new Headers(given);
  // Whatever it said of its body: this one is JSON, and unpacked.
  for (const name of DROPPED_HEADERS) headers.delete(name);
  if (parse(text) !== undefined) headers.set('content-type', 'application/json');
  return new Response(text, { status, headers });
}
