// The bytes of a member's picture: from Slack's own hosts of files, with the workspace's token, which goes nowhere else.
import type { webApi } from '@slack/bolt';
import { UserError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { extensionOf, mayBePicture, TAKEN_EXTENSIONS } from '../../media/picture-kinds.ts';
import type { Outgoing } from '../../outgoing.ts';
import { refusal } from '../../refusals.ts';
import { downloadPicture, type PictureHosts, requireSize } from '../picture-download.ts';
import { describeRefusal } from './error-codes.ts';
import { asksToLogIn, findMediaHost } from './media-hosts.ts';
import { isGone, isRefusal, isShutOut } from './messages.ts';
import type { Workspace } from './workspaces.ts';

export interface FilesOptions {
  maxBytes: number;
  /** Where Slack's files are instead, when Slack itself is somewhere else. */
  filesUrl: string | undefined;
  /** How the file host is reached. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
  log: Logger;
}

type SlackFile = NonNullable<webApi.FilesInfoResponse['file']>;

export type Files = ReturnType<typeof createFiles>;

export function createFiles({ maxBytes, filesUrl, fetch, log }: FilesOptions) {
  const instead = filesUrl === undefined ? undefined : new URL(filesUrl).origin;
  const isInstead = (url: URL): boolean => url.origin === instead;
  const hosts: PictureHosts = {
    name: "Slack's file host",
    isOurs: (url) => (instead === undefined ? findMediaHost(url) !== undefined : isInstead(url)),
    takesHeaders: (url) => isInstead(url) || findMediaHost(url)?.takesToken === true,
    isDoor: asksToLogIn,
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
      if (isGone(error)) return undefined;
      if (!isShutOut(error) && !isRefusal(error, 'missing_scope')) throw error;
      log.warn({ file: id, ...describeRefusal(error) }, 'Slack does not tell of a picture');
      throw refusal('picture_hidden', {}, { cause: error });
    }
  };

  return {
    /** Throws a UserError when it cannot be had, and other errors when Slack cannot be reached. */
    async fetch(workspace: Workspace, id: string): Promise<{ bytes: Buffer; filename: string }> {
      const file = await describe(workspace, id);
      const address = preview(file) ?? file?.url_private_download ?? file?.url_private;
      if (!file || file.mode === 'tombstone' || file.mode === 'hidden_by_limit' || address === undefined) {
        throw refusal('picture_gone', {});
      }
      if (preview(file) === undefined) requireSize(file.size ?? 0, maxBytes, true);
      const headers = { authorization: `Bearer ${workspace.token}` };
      const bytes = await downloadPicture(hosts, address, headers).catch((error) => {
        if (error instanceof UserError && error.reason?.kind === 'picture_hidden') {
          log.warn(
            { file: id, needed: 'files:read' },
            'Slack asks to log in for a picture; `slack setup` checks the scope',
          );
        }
        throw error;
      });
      return { bytes, filename: file.name ?? 'picture' };
    },
  };
}

/** Slack's own JPEG of a picture of a kind that nothing here opens, the largest that there is. */
function preview(file: SlackFile | undefined): string | undefined {
  const filename = `.${file?.filetype ?? ''}`;
  if (
    !file ||
    TAKEN_EXTENSIONS.includes(extensionOf(filename)) ||
    !mayBePicture({ contentType: file.mimetype, filename })
  ) {
    return undefined;
  }
  return file.thumb_1024 ?? file.thumb_960 ?? file.thumb_720 ?? file.thumb_480;
}
