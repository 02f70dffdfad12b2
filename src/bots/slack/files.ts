// The bytes of a member's picture: from Slack's own file host, with the workspace's token, which goes to no other address.
import { UserError } from '../../errors.ts';
import { isGone, isRefusal } from './messages.ts';
import type { Workspace } from './workspaces.ts';

const FILE_HOST = 'https://files.slack.com';
const FETCH_WITHIN_MS = 20_000;
const MOST_REDIRECTS = 2;

export interface FilesOptions {
  maxBytes: number;
  /** Where Slack's files are instead, when Slack itself is somewhere else. */
  filesUrl: string | undefined;
}

export type Files = ReturnType<typeof createFiles>;

export function createFiles({ maxBytes, filesUrl }: FilesOptions) {
  const host = new URL(filesUrl ?? FILE_HOST).origin;

  const requireOurs = (address: string): URL => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url && url.origin === host && url.username === '' && url.password === '') return url;
    throw new UserError(
      'picture_missing',
      'Expected a picture that was uploaded to Slack, got one that is kept elsewhere.',
    );
  };

  const open = async (address: string, token: string): Promise<Response> => {
    const signal = AbortSignal.timeout(FETCH_WITHIN_MS);
    let url = requireOurs(address);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await fetch(url, { redirect: 'manual', signal, headers: { authorization: `Bearer ${token}` } });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      await response.body?.cancel();
      url = requireOurs(new URL(location, url).href);
    }
    throw new UserError('picture_missing', 'Expected the picture at its address, got redirects without end.');
  };

  const requireSize = (bytes: number): void => {
    if (bytes <= maxBytes) return;
    const most = `${Math.floor(maxBytes / 2 ** 20)} MiB`;
    throw new UserError('picture_too_large', `Expected a picture of at most ${most}, got a larger one.`);
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
        throw new UserError('picture_missing', 'The picture is not there any more. Attach it again.');
      }
      requireSize(file.size ?? 0);
      const response = await open(address, workspace.token);
      if (response.status >= 500) throw new TypeError(`Slack's file host answered ${response.status}`);
      // Whoever may not see a file is shown a page to log in, with status 200.
      const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
      if (!response.ok || !response.body || isPage) {
        await response.body?.cancel();
        throw new UserError(
          'picture_missing',
          'Slack does not let me see that picture. Attach it to a message of your own.',
        );
      }
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body) {
        size += chunk.byteLength;
        requireSize(size);
        chunks.push(chunk);
      }
      return { bytes: Buffer.concat(chunks), filename: file.name ?? 'picture' };
    },
  };
}
