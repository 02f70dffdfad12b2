// How an address is reached: straight, or through the proxy of the operator's network. Whatever leaves this process for
// another machine asks here, but for Redis and Docker, which a proxy for HTTP does not carry.
import type { Agent } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { Agent as DirectAgent, Dispatcher, ProxyAgent, FormData as UndiciFormData, fetch as undiciFetch } from 'undici';
import { isLoopback } from './loopback.ts';

export interface ProxySettings {
  /** For http:// and ws://. */
  http: URL | undefined;
  /** For https:// and wss://. */
  https: URL | undefined;
  /** NO_PROXY, as it was written. */
  exempt: string;
}

export interface Outgoing {
  fetch: typeof fetch;
  /** For Node's own HTTP client, and what is built on it. Undefined: straight. */
  agentOf(address: string | URL): Agent | undefined;
  /** For undici's websocket. Undefined: everything goes straight. */
  dispatcher: Dispatcher | undefined;
  /** As in "reached straight" and "reached through the proxy http://proxy:3128", without what opens the proxy. */
  describe(address: string | URL): string;
}

export function createOutgoing(settings: ProxySettings): Outgoing {
  const proxyOf = createProxyOf(settings);
  const agents = createAgents(proxyOf);
  const describe: Outgoing['describe'] = (address) => {
    const proxy = proxyOf(new URL(address));
    return proxy === undefined ? 'straight' : `through the proxy ${proxy.protocol}//${proxy.host}`;
  };
  // Node's fetch takes no dispatcher of another undici than the one that it was built with.
  if (!settings.http && !settings.https) {
    return {
      fetch: (...request) => globalThis.fetch(...request),
      agentOf: () => undefined,
      dispatcher: undefined,
      describe,
    };
  }
  const dispatcher = new RoutingDispatcher(proxyOf);
  return { fetch: createFetch(dispatcher), agentOf: agents, dispatcher, describe };
}

/** Everything straight. */
export const STRAIGHT: Outgoing = createOutgoing({ http: undefined, https: undefined, exempt: '' });

type ProxyOf = (url: URL) => URL | undefined;

function createProxyOf({ http, https, exempt }: ProxySettings): ProxyOf {
  const isExempt = createExemption(exempt);
  return (url) => {
    // A proxy that is asked for 127.0.0.1 would look on its own machine.
    if (isLoopback(url.hostname) || isExempt(url)) return undefined;
    return url.protocol === 'https:' || url.protocol === 'wss:' ? https : http;
  };
}

/** NO_PROXY as curl reads it, with `*.` in front and blanks between as others write it. A name stands for all below it, too. */
function createExemption(exempt: string): (url: URL) => boolean {
  const networks = new BlockList();
  const names: { name: string; port: string | undefined }[] = [];
  for (const entry of exempt.toLowerCase().split(/[\s,]+/)) {
    const [, network = '', bits = ''] = /^\[?([\d.a-f:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
    const family = isIP(network);
    if (family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)) {
      networks.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
      continue;
    }
    const isAddress = isIP(entry) === 6;
    const [, name = '', port] = isAddress ? ['', entry] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
    if (name !== '') names.push({ name: name.replace(/^\*?\./, '').replace(/^\[(.*)\]$/, '$1'), port });
  }
  return (url) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
    const family = isIP(host);
    if (family !== 0 && networks.check(host, family === 4 ? 'ipv4' : 'ipv6')) return true;
    const port = url.port || (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80');
    return names.some(
      (entry) =>
        (entry.port === undefined || entry.port === port) &&
        (entry.name === '*' || host === entry.name || (family === 0 && host.endsWith(`.${entry.name}`))),
    );
  };
}

/** One for each proxy, so that connections are used again. */
function createAgents(proxyOf: ProxyOf): Outgoing['agentOf'] {
  const agents = new Map<string, Agent>();
  return (address) => {
    const proxy = proxyOf(new URL(address));
    if (proxy === undefined) return undefined;
    const agent = agents.get(proxy.href) ?? new HttpsProxyAgent(proxy, { keepAlive: true });
    agents.set(proxy.href, agent);
    return agent;
  };
}

/** Asked for each request: a redirect, and the address of a websocket, are not known before. */
class RoutingDispatcher extends Dispatcher {
  readonly #direct = new DirectAgent();
  readonly #proxies = new Map<string, ProxyAgent>();
  readonly #proxyOf: ProxyOf;

  constructor(proxyOf: ProxyOf) {
    super();
    this.#proxyOf = proxyOf;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const proxy = this.#proxyOf(new URL(String(options.origin)));
    return (proxy === undefined ? this.#direct : this.#through(proxy)).dispatch(options, handler);
  }

  #through(proxy: URL): ProxyAgent {
    const agent = this.#proxies.get(proxy.href) ?? new ProxyAgent({ uri: proxy.origin, ...credentialsOf(proxy) });
    this.#proxies.set(proxy.href, agent);
    return agent;
  }
}

/** undici itself sends a name only together with a password. */
function credentialsOf({ username, password }: URL): { token?: string } {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { token: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** undici's, which takes its own dispatchers, and of forms only its own. */
function createFetch(dispatcher: Dispatcher): typeof fetch {
  return (async (url: string | URL, { body, ...init }: RequestInit = {}) => {
    const form = isForm(body) ? copyForm(body, new UndiciFormData()) : body;
    return undiciFetch(url, { ...init, ...(form != null && { body: form }), dispatcher } as never);
  }) as unknown as typeof fetch;
}

type Form = Iterable<[string, string | File]>;

/** Of whichever undici. */
export function isForm(body: unknown): body is Form {
  return typeof body === 'object' && body !== null && Object.prototype.toString.call(body) === '[object FormData]';
}

export function copyForm<Copy extends { append(name: string, value: string | Blob, filename?: string): void }>(
  form: Form,
  copy: Copy,
): Copy {
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  return copy;
}
