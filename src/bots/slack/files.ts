// The bytes of a member's picture: from Slack's own file host, with the workspace's token, which goes to no other address.
import type { Outgoing } from '../../outgoing.ts';
import { refusal } from '../../refusals.ts';
import { downloadPicture, type PictureHosts, requireSize } from '../picture-download.ts';
import { isGone, isRefusal } from './messages.ts';
import type { Workspace } from './workspaces.ts';

const FILE_HOST = 'https://files.slack.com';

export interface FilesOptions {
  maxBytes: number;
  /** Where Slack's files are instead, when Slack itself is somewhere else. */
  filesUrl: string | undefined;
  /** How the file host is reached. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
}

export type Files = ReturnType<typeof createFiles>;

export function createFiles({ maxBytes, filesUrl, fetch }: FilesOptions) {
  const origin = new URL(filesUrl ?? FILE_HOST).origin;
  const hosts: PictureHosts = {
    name: "Slack's file host",
    isOurs: (url) => url.origin === origin,
    // Whoever may not see a file is shown a page to log in, with status 200.
    isPicture: ({ ok, headers }) => ok && !headers.get('content-type')?.startsWith('text/html'),
    ...{ maxBytes, fetch },
    service: 'Slack',
    missing: 'picture_hidden',
  };

  /** Also for what only says of itself that it should be asked for, as files from other organisations do. */
  const describe = async ({ client }: Workspace, id: string) => {
    try {
      const { file } = await client.files.info({ file: id });
      return file;
    } catch (error) {
      if (isGone(error) || isRefusal(error, 'file_not_found', 'access_denied', 'not_visible')) return undefined;
      throw error;
    }
  };

  return {
    /** Throws a UserError when it cannot be had, and other errors when Slack cannot be reached. */
    async fetch(workspace: Workspace, id: string): Promise<{ bytes: Buffer; filename: string }> {
      const file = await describe(workspace, id);
      const address = file?.url_private_download ?? file?.url_private;
      if (!file || file.mode === 'tombstone' || file.mode === 'hidden_by_limit' || address === undefined) {
        throw refusal('picture_gone', {});
      }
      requireSize(file.size ?? 0, maxBytes, true);
      const bytes = await downloadPicture(hosts, address, { authorization: `Bearer ${workspace.token}` });
      return { bytes, filename: file.name ?? 'picture' };
    },
  };
}
