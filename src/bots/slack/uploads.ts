// Brings a file into a conversation once: Slack shares it some time after it has said yes, so what was begun is written down,
// and a file is known again by its id. The bytes are sent at most twice.
import { setTimeout as sleep } from 'node:timers/promises';
import type { webApi } from '@slack/bolt';
import { z } from 'zod';
import { type Outgoing, STRAIGHT } from '../../outgoing.ts';
import type { Notes } from '../../queue/notes.ts';
import { isGone, unlessRefused } from './messages.ts';
import type { Workspace } from './workspaces.ts';

const UPLOAD_WITHIN_MS = 120_000;

/** Slack mostly shares a file within two seconds, and counts each look. */
const FIRST_LOOK_MS = 500;
const NEXT_LOOK_MS = 1000;
const LONGEST_LOOK_MS = 2000;
const SHARED_WITHIN_MS = 30_000;
/** Whatever an earlier life asked for was asked for some time ago. */
const SHARED_EARLIER_WITHIN_MS = 8000;

const MAX_SENT = 2;

/**
 * `sending`: Slack may have its bytes. `completing`: Slack may have been asked to share it. `completed`: it has said yes. `shared`:
 * `ts` is the message that it came with, if that was seen. `sent`: how often Slack took the bytes.
 */
const uploadSchema = z.discriminatedUnion('state', [
  z.object({ state: z.enum(['sending', 'completing', 'completed']), file: z.string(), sent: z.number().default(1) }),
  z.object({ state: z.literal('shared'), file: z.string(), ts: z.string().optional() }),
]);
type Known = z.infer<typeof uploadSchema>;

export interface SharedFile {
  file: string;
  /** The message that it came with; undefined where Slack has said yes, and does not tell yet which one it is. */
  ts?: string | undefined;
}

export interface Upload {
  filename: string;
  /** What Slack shows above it. */
  title: string;
  /** For those who cannot see it. Only pictures: Slack loses other files that have it, without a word (python-slack-sdk#1818). */
  altText: string | undefined;
  data: Buffer;
  thread: string | undefined;
  /** The words that it comes with, in Slack's markup. */
  comment: string;
}

export type Uploads = ReturnType<typeof createUploads>;

export function createUploads(
  notes: Pick<Notes, 'get' | 'keep'>,
  fetch: Outgoing['fetch'] = STRAIGHT.fetch,
  sharedWithinMs = SHARED_WITHIN_MS,
) {
  const keyOf = (once: string) => `upload:${once}`;
  const keep = (once: string, upload: Known) => notes.keep(keyOf(once), JSON.stringify(upload));

  const read = async (once: string): Promise<Known | undefined> => {
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

  const complete = async (workspace: Workspace, file: string, channel: string, { title, thread, comment }: Upload) => {
    const place = thread === undefined ? { channel_id: channel } : { channel_id: channel, thread_ts: thread };
    await workspace.client.files.completeUploadExternal({
      ...{ files: [{ id: file, title }], initial_comment: comment },
      ...place,
    });
  };

  /** Has Slack share a file of an earlier try, where that is to spare, and else one that is sent now. */
  const bring = async (
    workspace: Workspace,
    once: string,
    channel: string,
    upload: Upload,
    earlier: Earlier,
  ): Promise<string> => {
    const { file: old, sent, isFree, isInDoubt } = earlier;
    const isSpent = sent >= MAX_SENT;
    if (old !== undefined && (isFree || isInDoubt || isSpent)) {
      try {
        // From here on Slack may have shared it. In doubt its bytes count as sent, until Slack says that it knows no such file.
        await keep(once, { state: 'completing', file: old, sent: isInDoubt ? sent + 1 : sent });
        await complete(workspace, old, channel, upload);
        return old;
      } catch (error) {
        if (!isGone(error) || (isSpent && !isInDoubt)) throw error;
        // The SDK asks again where an answer was lost, and Slack shares no file twice: then it is there by now.
        if ((await untilShared(workspace, old, channel, SHARED_EARLIER_WITHIN_MS)) !== undefined) return old;
        // What Slack does not know has not arrived: no byte of it was taken.
      }
    } else if (old !== undefined) {
      // It was not seen so far, and so it never shall be.
      await discard(workspace, old);
    }
    const { file, address } = await reserve(workspace, upload);
    await keep(once, { state: 'sending', file, sent });
    await send(address, upload.data, fetch);
    await keep(once, { state: 'completing', file, sent: sent + 1 });
    await complete(workspace, file, channel, upload);
    return file;
  };

  return {
    /** What was brought under this name, if anything was. */
    find: (once: string): Promise<Known | undefined> => read(once),

    /**
     * `make` is called only if the file is not in the channel yet. `refused` names a try in another place that Slack has said no to:
     * its bytes are used again.
     */
    async share(
      workspace: Workspace,
      once: string,
      channel: string,
      make: () => Promise<Upload>,
      refused?: string,
    ): Promise<SharedFile> {
      const before = await read(once);
      if (before?.state === 'shared') return before;
      const end = async (file: string, ts: string | undefined): Promise<SharedFile> => {
        const shared = { file, ...(ts !== undefined && { ts }) };
        await keep(once, { state: 'shared', ...shared });
        return shared;
      };
      if (before && before.state !== 'sending') {
        // An earlier life may have died before or after Slack heard of it: only time tells.
        const ts = await untilShared(workspace, before.file, channel, SHARED_EARLIER_WITHIN_MS);
        if (ts !== undefined || before.state === 'completed') return end(before.file, ts);
      }
      const elsewhere = before || refused === undefined ? undefined : await read(refused);
      const free = elsewhere?.state === 'completing' ? elsewhere : undefined;
      const isInDoubt = before?.state === 'sending';
      const earlier: Earlier = { sent: 0, ...(before ?? free), isFree: free !== undefined, isInDoubt };
      const file = await bring(workspace, once, channel, await make(), earlier);
      await keep(once, { state: 'completed', file, sent: earlier.sent });
      await sleep(FIRST_LOOK_MS);
      // Slack has said yes. It is there by now, or will be, whatever it tells of it yet: files.info lags behind (bolt-js#2115).
      return end(file, await untilShared(workspace, file, channel, sharedWithinMs));
    },
  };
}

/** Several files in one message, which nobody waits to see: what fails is asked for again by the member. */
export async function shareTogether(
  workspace: Workspace,
  channel: string,
  files: { name: string; bytes: Buffer }[],
  fetch: Outgoing['fetch'] = STRAIGHT.fetch,
): Promise<void> {
  const sent: { id: string; title: string }[] = [];
  for (const { name, bytes } of files) {
    const { file, address } = await reserve(workspace, { filename: name, altText: undefined, data: bytes });
    await send(address, bytes, fetch);
    sent.push({ id: file, title: name });
  }
  const [first, ...others] = sent;
  if (first) await workspace.client.files.completeUploadExternal({ files: [first, ...others], channel_id: channel });
}

interface Earlier {
  file?: string;
  /** How often the bytes were sent. */
  sent: number;
  /** Slack has refused to share it, so it is nowhere. */
  isFree: boolean;
  /** How the sending of its bytes ended was not heard. */
  isInDoubt: boolean;
}

/** A file at Slack without its bytes, and the address that takes them. */
async function reserve(
  { client }: Workspace,
  { filename, altText, data }: Pick<Upload, 'filename' | 'altText' | 'data'>,
) {
  // The SDK's own name for the alternative text is not the one that Slack documents.
  const answer: webApi.FilesGetUploadURLExternalResponse = await client.apiCall('files.getUploadURLExternal', {
    ...{ filename, length: data.length },
    ...(altText !== undefined && { alt_txt: altText }),
  });
  return { address: answer.upload_url ?? '', file: answer.file_id ?? '' };
}

/** Hands the bytes to Slack. Nobody sees them yet. */
async function send(address: string, data: Buffer, fetch: Outgoing['fetch']): Promise<void> {
  // Without the token: the address is all that Slack asks for.
  const response = await fetch(address, {
    ...{ method: 'POST', body: new Uint8Array(data), redirect: 'error' },
    headers: { 'content-type': 'application/octet-stream' },
    signal: AbortSignal.timeout(UPLOAD_WITHIN_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`Slack answered an upload with ${response.status}`);
}

async function discard({ client }: Workspace, file: string): Promise<void> {
  await client.files.delete({ file }).catch(unlessRefused);
}

/** The message that a file was shared with in a channel. */
async function findShare({ client }: Workspace, file: string, channel: string): Promise<string | undefined> {
  const told = await client.files.info({ file }).then(
    (answer) => answer.file,
    (error) => {
      // An earlier try took it away, or somebody did.
      unlessRefused(error);
      return undefined;
    },
  );
  const shares = { ...told?.shares?.public, ...told?.shares?.private } as Record<string, { ts?: string }[]>;
  return shares[channel]?.[0]?.ts;
}
