// What an operator is told when a service beyond this machine cannot be reached: the cause in words, and what to do.
import { OperationError } from './errors.ts';
import type { Outgoing } from './outgoing.ts';

const ANSWER_WITHIN_MS = 20_000;
const PROXY_WANTS_CREDENTIALS = 407;

export interface Service {
  /** As in "Discord cannot be reached". */
  name: string;
  /** Where its API begins. */
  address: string;
  /** The setting that says where it is instead. */
  setting: string;
  outgoing: Outgoing;
}

interface Cause {
  text: string;
  advice: string;
}

const NO_WAY: Cause = {
  text: 'there is no way to it from this network',
  advice: 'Check the network and its firewall; behind a proxy set HTTPS_PROXY.',
};
const NO_NAME: Cause = {
  text: 'its name is not known here',
  advice: 'Check the network and its DNS; behind a proxy set HTTPS_PROXY.',
};
const NO_ANSWER: Cause = {
  text: 'nothing answered in time',
  advice: 'A firewall may drop the connection: let it through, or set HTTPS_PROXY.',
};
const BROKEN: Cause = {
  text: 'the connection was cut',
  advice: 'A firewall or proxy may do that: let the connection through, or try again in a moment.',
};
const NOT_TRUSTED: Cause = {
  text: 'its certificate is not one that this machine trusts',
  advice:
    'Where your network reads along, give its certificate in NODE_EXTRA_CA_CERTS; else check where the name leads.',
};

/** By the codes of Node, undici and OpenSSL. */
const CAUSES: Record<string, Cause> = {
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  ECONNREFUSED: { text: 'the connection was refused', advice: 'Check the address and the firewall.' },
  ENETUNREACH: NO_WAY,
  EHOSTUNREACH: NO_WAY,
  EACCES: NO_WAY,
  EPERM: NO_WAY,
  ETIMEDOUT: NO_ANSWER,
  UND_ERR_CONNECT_TIMEOUT: NO_ANSWER,
  UND_ERR_HEADERS_TIMEOUT: NO_ANSWER,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  UND_ERR_SOCKET: BROKEN,
  CERT_HAS_EXPIRED: { text: 'its certificate has expired', advice: 'Check the clock of this machine.' },
  CERT_NOT_YET_VALID: { text: 'its certificate is not valid yet', advice: 'Check the clock of this machine.' },
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    text: 'its certificate is for another name',
    advice: 'Another machine answers in its place: check the address, the DNS and the proxy.',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    text: 'it does not speak HTTPS there',
    advice: 'Check whether the address begins with http:// or https://.',
  },
};

/** Undefined where it is no fault of the network. */
export function toNetworkFault(error: unknown, { name, address, outgoing }: Service): OperationError | undefined {
  if (error instanceof OperationError) return error;
  const chain = causesOf(error);
  const cause = firstOf(chain, findRefusalByProxy) ?? firstOf(chain, findCause) ?? firstOf(chain, describeRequest);
  if (!cause) return undefined;
  const road = outgoing.describe(address);
  const { text, advice } = road !== 'straight' && isOfConnecting(chain) ? toFaultOfProxy(cause) : cause;
  const sentence = `${name} (${new URL(address).host}) cannot be reached ${road}: ${text}. ${advice}`;
  return new OperationError('service_unreachable', sentence, { cause: error });
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** One request, for set-up and doctor, which say how a service is reached. Throws OperationError `service_unreachable`, in words. */
export async function askService(service: Service, path: string, init: RequestInit): Promise<Answer> {
  const { name, address, setting, outgoing } = service;
  const fail = (text: string): never => {
    throw new OperationError(
      'service_unreachable',
      `${name} (${new URL(address).host}), reached ${outgoing.describe(address)}, ${text}`,
    );
  };
  try {
    const response = await outgoing.fetch(`${address.replace(/\/$/, '')}${path}`, {
      ...init,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const { status } = response;
    const body = await response.json().catch(() => undefined);
    if (status >= 500) fail(`answered ${status}: it has an outage, or something in between has. Try again in a while.`);
    if (typeof body !== 'object' || body === null) {
      fail(
        `answered ${status} with a page in the place of its API. A proxy, a firewall or a login page of the network is in between; else check ${setting}.`,
      );
    }
    return { status, body: body as Record<string, unknown> };
  } catch (error) {
    throw toNetworkFault(error, service) ?? error;
  }
}

/** What wraps it has the code deep inside: fetch in `cause`, Slack's SDK in `original`, Node in one of several `errors`. */
function causesOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let each = error; typeof each === 'object' && each !== null && !chain.includes(each); ) {
    chain.push(each);
    const { cause, original, errors } = each as { cause?: unknown; original?: unknown; errors?: unknown[] };
    each = cause ?? original ?? errors?.[0];
  }
  return chain;
}

function firstOf(chain: object[], find: (error: object) => Cause | undefined): Cause | undefined {
  // What wraps a fault may have a code of its own.
  return chain.map(find).findLast((found) => found !== undefined);
}

/** What discord.js and Slack's SDK make of answers that are not their service's, and fetch of all that it has no code for. */
function describeRequest(error: object): Cause | undefined {
  const { status, statusCode, code } = error as { status?: unknown; statusCode?: unknown; code?: unknown };
  const answered = Number(status ?? statusCode);
  if (error instanceof Error && error.name === 'ForeignAnswer') {
    return { text: error.message, advice: 'Check the proxy and the firewall of the network.' };
  }
  if (answered >= 500) return { text: `it answered ${answered}`, advice: 'It has an outage; try again in a while.' };
  const isOfRequest = error instanceof TypeError && error.cause !== undefined;
  if (!isOfRequest && !/^slack_webapi_(request|http)_error$/.test(String(code))) return undefined;
  const last = causesOf(error).at(-1) as Error;
  return { text: last.message, advice: 'Check the address, the network and its firewall.' };
}

/** With a proxy, the name that is looked up and the connection that is opened are the proxy's. */
function isOfConnecting(chain: object[]): boolean {
  return chain.some((error) => 'syscall' in error && ['connect', 'getaddrinfo'].includes(String(error.syscall)));
}

function toFaultOfProxy({ text }: Cause): Cause {
  return {
    text: `that proxy cannot be reached itself: ${text}`,
    advice: 'Check HTTPS_PROXY, or take it out where there is no proxy.',
  };
}

function findCause(error: object): Cause | undefined {
  if ('name' in error && error.name === 'TimeoutError') return NO_ANSWER;
  return 'code' in error ? CAUSES[String(error.code)] : undefined;
}

/** undici tells the status in its message alone. */
function findRefusalByProxy(error: object): Cause | undefined {
  const status = /^Proxy response \((\d+)\)/.exec('message' in error ? String(error.message) : '')?.[1];
  if (status === undefined) return undefined;
  if (Number(status) === PROXY_WANTS_CREDENTIALS) {
    return {
      text: 'the proxy wants a name and a password (407)',
      advice: 'Give them in the address, as in HTTPS_PROXY=http://name:password@host:port.',
    };
  }
  return {
    text: `the proxy refused to connect to it (${status})`,
    advice: 'Have it allowed there, or reach it straight with NO_PROXY.',
  };
}
