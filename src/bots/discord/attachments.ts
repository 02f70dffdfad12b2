// The bytes of a member's picture: from Discord's own media hosts, over https, and from nowhere else.
import type { Outgoing } from '../../outgoing.ts';
import { downloadPicture, type PictureHosts } from '../picture-download.ts';
import { isMediaHost } from './pictures.ts';

export interface AttachmentsOptions {
  maxBytes: number;
  /** Where Discord's media are instead, when Discord itself is somewhere else. */
  cdnUrl: string | undefined;
  /** How the media hosts are reached. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
}

export type Attachments = ReturnType<typeof createAttachments>;

export function createAttachments({ maxBytes, cdnUrl, fetch }: AttachmentsOptions) {
  const given = cdnUrl === undefined ? undefined : new URL(cdnUrl).origin;
  const hosts: PictureHosts = {
    name: "Discord's media host",
    isOurs: (url) => isMediaHost(url) || url.origin === given,
    isPicture: ({ ok }) => ok,
    ...{ maxBytes, fetch },
    service: 'Discord',
    missing: 'picture_gone',
  };

  return {
    /** Throws a UserError when it cannot be had, or TypeError and TimeoutError when Discord cannot be reached. */
    fetch: (address: string): Promise<Buffer> => downloadPicture(hosts, address),
  };
}
