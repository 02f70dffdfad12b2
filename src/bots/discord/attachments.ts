// The bytes of a member's picture: from Discord's own media hosts, over https, and from nowhere else.
import { UserError } from '../../errors.ts';

const MEDIA_HOSTS = new Set(['cdn.discordapp.com', 'media.discordapp.net']);
const FETCH_WITHIN_MS = 20_000;
const MOST_REDIRECTS = 2;

export interface AttachmentsOptions {
  maxBytes: number;
  /** Where Discord's media are instead, when Discord itself is somewhere else. */
  cdnUrl: string | undefined;
}

export type Attachments = ReturnType<typeof createAttachments>;

export function createAttachments({ maxBytes, cdnUrl }: AttachmentsOptions) {
  const requireOurs = (address: string): URL => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const isDiscords = url?.protocol === 'https:' && url.port === '' && MEDIA_HOSTS.has(url.hostname);
    const isGiven = cdnUrl !== undefined && url?.origin === new URL(cdnUrl).origin;
    if (url && url.username === '' && (isDiscords || isGiven)) return url;
    throw new UserError('picture_missing', 'Expected a picture that was uploaded to Discord, got one from elsewhere.');
  };

  const open = async (address: string, signal: AbortSignal): Promise<Response> => {
    let url = requireOurs(address);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await fetch(url, { redirect: 'manual', signal });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      url = requireOurs(new URL(location, url).href);
    }
    throw new UserError('picture_missing', 'Expected the picture at its address, got redirects without end.');
  };

  return {
    /** Throws a UserError when it cannot be had, or TypeError and AbortError when Discord cannot be reached. */
    async fetch(address: string): Promise<Buffer> {
      const response = await open(address, AbortSignal.timeout(FETCH_WITHIN_MS));
      if (response.status >= 500) throw new TypeError(`Discord's media host answered ${response.status}`);
      if (!response.ok || !response.body) {
        throw new UserError('picture_missing', 'The picture is not there any more. Attach it again.');
      }
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body) {
        size += chunk.byteLength;
        if (size > maxBytes) {
          throw new UserError(
            'picture_too_large',
            `Expected a picture of at most ${Math.floor(maxBytes / 2 ** 20)} MiB, got a larger one.`,
          );
        }
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
  };
}
