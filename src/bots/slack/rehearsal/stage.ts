// What the rehearsal has at hand on Slack: the bot's own requests, and what it has made so far.
import { createLeftovers, createProps } from '../../rehearsal.ts';
import { isGone, remove } from '../messages.ts';
import { createUploads, type SharedFile, type Upload } from '../uploads.ts';
import type { Workspace } from '../workspaces.ts';

/** Slack has taken a file, and is not seen to share it. */
export class NotShared extends Error {
  override readonly name = 'NotShared';
}

interface Props {
  message: string;
  status: string;
  clip: SharedFile;
}

export interface Stage {
  workspace: Workspace;
  channel: string;
  /** Whom the private answers are for: the operator. */
  member: string | undefined;
  /** Tells this rehearsal's messages from those of another. */
  run: string;
  props: ReturnType<typeof createProps<Props>>;
  /** Removes a message in the end. */
  leaves(what: string, message: string): void;
  /** Brings a file into the thread; it and the message that it came with are removed in the end. */
  share(what: string, upload: Pick<Upload, 'filename' | 'altText' | 'data'>): Promise<SharedFile>;
  pause(milliseconds: number): Promise<void>;
}

export function createStage(
  given: Pick<Stage, 'workspace' | 'channel' | 'member' | 'run' | 'pause'> & { sharedWithinMs?: number | undefined },
  fetch: Parameters<typeof createUploads>[1],
) {
  const { workspace, channel, run } = given;
  const leftovers = createLeftovers();
  const props = createProps<Props>();
  // For as long as the rehearsal lasts: what a bot keeps in Redis.
  const kept = new Map<string, string>();
  const notes = {
    get: async (key: string) => kept.get(key),
    keep: async (key: string, value: string) => void kept.set(key, value),
  };
  const uploads = createUploads(notes, fetch, given.sharedWithinMs);

  const leaves = (what: string, message: string): void =>
    leftovers.add(what, () => remove(workspace, channel, message).catch(unlessGone));

  const share: Stage['share'] = async (what, upload) => {
    const once = `${what}:${run}`;
    const whole = {
      ...upload,
      title: 'Rehearsal',
      thread: props.get('message'),
      comment: `A rehearsal: ${what}.`,
    };
    try {
      const shared = await uploads.share(workspace, once, channel, async () => whole);
      if (shared.ts === undefined) throw new NotShared('Slack took the file, and was not seen to share it');
      return shared;
    } finally {
      const brought = await uploads.find(once);
      if (brought) leftovers.add(`the file (${what}) and its message`, () => takeBack(brought));
    }
  };

  /** Also the message of a share that came late. */
  const takeBack = async (brought: SharedFile): Promise<void> => {
    const told = await workspace.client.files.info({ file: brought.file }).catch(unlessGone);
    const shares = { ...told?.file?.shares?.public, ...told?.file?.shares?.private }[channel] ?? [];
    for (const ts of new Set([brought.ts, ...shares.map((share) => share.ts)])) {
      if (ts !== undefined) await remove(workspace, channel, ts).catch(unlessGone);
    }
    await workspace.client.files.delete({ file: brought.file }).catch(unlessGone);
  };

  return { stage: { ...given, props, leaves, share } satisfies Stage, leftovers };
}

function unlessGone(error: unknown): undefined {
  if (!isGone(error)) throw error;
}
