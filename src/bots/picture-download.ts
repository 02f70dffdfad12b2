// The bytes of a member's picture from a chat service's own hosts, and from nowhere else, wherever they redirect to.
import { type Outgoing, STRAIGHT } from '../outgoing.ts';
import type { RefusalKind } from '../refusal-kinds.ts';
import { refusal } from '../refusals.ts';

const FETCH_WITHIN_MS = 20_000;
const MOST_REDIRECTS = 2;
const TOO_MANY_REQUESTS = 429;

export interface PictureHosts {
  /** As in "Discord's media host answered 503". */
  name: string;
  isOurs(url: URL): boolean;
  /** Whether the headers are sent there, too. Left out: to all of them. */
  takesHeaders?(url: URL): boolean;
  /** Whether the service leads to its own door, in the place of a picture. */
  isDoor?(url: URL): boolean;
  /** Whether a picture came; else it is missing. */
  isPicture(response: Response): boolean;
  maxBytes: number;
  /** As in "uploaded to Discord". */
  service: string;
  /** What it means when the hosts do not give a picture. */
  missing: Extract<RefusalKind, 'picture_gone' | 'picture_hidden'>;
  /** How the hosts are reached. Through a proxy it is the proxy that looks their names up. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
}

/** The service's own hosts do not answer as they should. That is for a while, and nobody's fault here. */
export class MediaAway extends TypeError {
  override readonly name = 'MediaAway';
}

/** Throws a UserError when it cannot be had, or TypeError and TimeoutError when the service cannot be reached. */
export async function downloadPicture(
  hosts: PictureHosts,
  address: string,
  headers: Record<string, string> = {},
): Promise<Buffer> {
  const { name, isPicture, maxBytes, missing } = hosts;
  const response = await open(hosts, address, headers);
  // What only lasts for a while, whatever it is, takes nobody's picture away.
  if (response.status >= 500 || response.status === TOO_MANY_REQUESTS) {
    await response.body?.cancel();
    throw new MediaAway(`${name} answered ${response.status}`);
  }
  if (!isPicture(response) || !response.body) {
    await response.body?.cancel();
    throw refusal(missing, {});
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    requireSize(size, maxBytes, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `isWhole`: these are all of its bytes, not only those that came so far. */
export function requireSize(bytes: number, maxBytes: number, isWhole: boolean): void {
  if (bytes <= maxBytes) return;
  throw refusal('picture_too_large', { bytes: isWhole ? bytes : undefined, most: maxBytes });
}

async function open(hosts: PictureHosts, address: string, headers: Record<string, string>): Promise<Response> {
  const { fetch = STRAIGHT.fetch, takesHeaders = () => true, isDoor = () => false } = hosts;
  const signal = AbortSignal.timeout(FETCH_WITHIN_MS);
  let url = requireOurs(hosts, address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const sent = takesHeaders(url) ? headers : {};
    const response = await fetch(url, { redirect: 'manual', signal, headers: sent });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next && isDoor(next)) throw refusal(hosts.missing, {});
    url = requireOurs(hosts, next?.href ?? location);
  }
  throw refusal('picture_gone', {}, { cause: new Error(`${hosts.name} redirected without end`) });
}

function requireOurs({ isOurs, service }: PictureHosts, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && url.username === '' && url.password === '' && isOurs(url)) return url;
  throw refusal('picture_elsewhere', { service });
}
