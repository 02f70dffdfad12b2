// The bytes of a member's picture from a chat service's own hosts, and from nowhere else, wherever they redirect to.
import { UserError } from '../errors.ts';

const FETCH_WITHIN_MS = 20_000;
const MOST_REDIRECTS = 2;
const TOO_MANY_REQUESTS = 429;

export interface PictureHosts {
  /** As in "Discord's media host answered 503". */
  name: string;
  isOurs(url: URL): boolean;
  /** Whether a picture came; else it is missing. */
  isPicture(response: Response): boolean;
  maxBytes: number;
  /** What a member is told of an address elsewhere, and of a picture that the hosts do not give. */
  words: { elsewhere: string; missing: string };
}

/** Throws a UserError when it cannot be had, or TypeError and TimeoutError when the service cannot be reached. */
export async function downloadPicture(
  hosts: PictureHosts,
  address: string,
  headers: Record<string, string> = {},
): Promise<Buffer> {
  const { name, isPicture, maxBytes, words } = hosts;
  const response = await open(hosts, address, headers);
  // What only lasts for a while, whatever it is, takes nobody's picture away.
  if (response.status >= 500 || response.status === TOO_MANY_REQUESTS) {
    await response.body?.cancel();
    throw new TypeError(`${name} answered ${response.status}`);
  }
  if (!isPicture(response) || !response.body) {
    await response.body?.cancel();
    throw new UserError('picture_missing', words.missing);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    requireSize(size, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function requireSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  const most = `${Math.floor(maxBytes / 2 ** 20)} MiB`;
  throw new UserError('picture_too_large', `Expected a picture of at most ${most}, got a larger one.`);
}

async function open(hosts: PictureHosts, address: string, headers: Record<string, string>): Promise<Response> {
  const signal = AbortSignal.timeout(FETCH_WITHIN_MS);
  let url = requireOurs(hosts, address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await fetch(url, { redirect: 'manual', signal, headers });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    url = requireOurs(hosts, new URL(location, url).href);
  }
  throw new UserError('picture_missing', 'Expected the picture at its address, got redirects without end.');
}

function requireOurs({ isOurs, words }: PictureHosts, address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && url.username === '' && url.password === '' && isOurs(url)) return url;
  throw new UserError('picture_missing', words.elsewhere);
}
