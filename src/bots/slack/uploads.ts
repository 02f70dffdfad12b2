// Brings a file into a conversation, exactly once: Slack shares it some time after it has said yes, so what was begun is
// written down, and a file is known again by its id.
import { setTimeout as sleep } from 'node:timers/promises';
import type { webApi } from '@slack/bolt';
import { z } from 'zod';
import { type Outgoing, STRAIGHT } from '../../outgoing.ts';
import type { Notes } from '../../queue/notes.ts';
import { isGone } from './messages.ts';
import type { Workspace } from './workspaces.ts';

const UPLOAD_WITHIN_MS = 120_000;

/** Slack mostly shares a file within two seconds, and counts each look. */
const FIRST_LOOK_MS = 500;
const NEXT_LOOK_MS = 1000;
const LONGEST_LOOK_MS = 2000;
const SHARED_WITHIN_MS = 30_000;
/** Whatever an earlier life asked for was asked for some time ago. */
const SHARED_EARLIER_WITHIN_MS = 8000;

/** `completing`: Slack may have been asked to share it. `shared`: `ts` is the message that it came with. */
const uploadSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('completing'), file: z.string() }),
  z.object({ state: z.literal('shared'), file: z.string(), ts: z.string() }),
]);

export interface SharedFile {
  file: string;
  /** The message that it came with. */
  ts: string;
}

export interface Upload {
  filename: string;
  /** What Slack shows above it. */
  title: string;
  /** For those who cannot see it. Only pictures: Slack loses other files that have it, without a word (python-slack-sdk#1818). */
  altText: string | undefined;
  data: Buffer;
  channel: string;
  thread: string | undefined;
  /** The words that it comes with, in Slack's markup. */
  comment: string;
}

export type Uploads = ReturnType<typeof createUploads>;

export function createUploads(notes: Pick<Notes, 'get' | 'keep'>, fetch: Outgoing['fetch'] = STRAIGHT.fetch) {
  const keyOf = (once: string) => `upload:${once}`;
  const keep = (once: string, upload: z.infer<typeof uploadSchema>) => notes.keep(keyOf(once), JSON.stringify(upload));

  const read = async (once: string): Promise<z.infer<typeof uploadSchema> | undefined> => {
    const kept = await notes.get(keyOf(once));
    return kept === undefined ? undefined : uploadSchema.parse(JSON.parse(kept));
  };

  const untilShared = async (
    workspace: Workspace,
    file: string,
    channel: string,
    withinMs: number,
  ): Promise<string | undefined> => {
    const deadline = Date.now() + withinMs;
    for (let delayMs = NEXT_LOOK_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_LOOK_MS)) {
      const ts = await findShare(workspace, file, channel);
      if (ts !== undefined || Date.now() > deadline) return ts;
      await sleep(delayMs);
    }
  };

  const complete = async (workspace: Workspace, file: string, { title, channel, thread, comment }: Upload) => {
    const place = thread === undefined ? { channel_id: channel } : { channel_id: channel, thread_ts: thread };
    await workspace.client.files.completeUploadExternal({
      ...{ files: [{ id: file, title }], initial_comment: comment },
      ...place,
    });
  };

  return {
    /** What was brought under this name, if anything was; without `ts` where Slack was not seen to share it yet. */
    async find(once: string): Promise<{ file: string; ts?: string } | undefined> {
      return read(once);
    },

    /** `make` is called only if the file is not in Slack yet. Throws if Slack has not shared it in time: then call it again. */
    async share(workspace: Workspace, once: string, make: () => Promise<Upload>): Promise<SharedFile> {
      const before = await read(once);
      if (before?.state === 'shared') return before;
      const upload = await make();
      let file = before?.file;
      // An earlier life may have died before or after Slack heard of it, and Slack forgets a share now and then: only time tells.
      let ts =
        file === undefined ? undefined : await untilShared(workspace, file, upload.channel, SHARED_EARLIER_WITHIN_MS);
      if (ts === undefined) {
        // Not seen so far, and so it never shall be.
        if (file !== undefined) await discard(workspace, file);
        file = await send(workspace, upload, fetch);
        await keep(once, { state: 'completing', file });
        await complete(workspace, file, upload);
        await sleep(FIRST_LOOK_MS);
        ts = await untilShared(workspace, file, upload.channel, SHARED_WITHIN_MS);
      }
      if (file === undefined || ts === undefined) {
        throw new Error(`Slack has not shared the file ${file} within ${SHARED_WITHIN_MS / 1000} s`);
      }
      await keep(once, { state: 'shared', file, ts });
      return { file, ts };
    },
  };
}

/** Hands the bytes to Slack. Nobody sees them yet. */
async function send(
  { client }: Workspace,
  { filename, altText, data }: Upload,
  fetch: Outgoing['fetch'],
): Promise<string> {
  // The SDK's own name for the alternative text is not the one that Slack documents.
  const answer: webApi.FilesGetUploadURLExternalResponse = await client.apiCall('files.getUploadURLExternal', {
    ...{ filename, length: data.length },
    ...(altText !== undefined && { alt_txt: altText }),
  });
  const { upload_url: address = '', file_id: file = '' } = answer;
  // Without the token: the address is all that Slack asks for.
  const response = await fetch(address, {
    ...{ method: 'POST', body: new Uint8Array(data), redirect: 'error' },
    headers: { 'content-type': 'application/octet-stream' },
    signal: AbortSignal.timeout(UPLOAD_WITHIN_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Slack answered an upload with ${response.status}`);
  return file;
}

async function discard({ client }: Workspace, file: string): Promise<void> {
  await client.files.delete({ file }).catch((error) => {
    if (!isGone(error)) throw error;
  });
}

/** The message that a file was shared with in a channel. */
async function findShare({ client }: Workspace, file: string, channel: string): Promise<string | undefined> {
  const told = await client.files.info({ file }).then(
    (answer) => answer.file,
    (error) => {
      // An earlier try took it away, or somebody did: it is brought anew.
      if (isGone(error)) return undefined;
      throw error;
    },
  );
  const shares = { ...told?.shares?.public, ...told?.shares?.private } as Record<string, { ts?: string }[]>;
  return shares[channel]?.[0]?.ts;
}
