// Where a render's messages live on Slack: the one that the thread hangs on, the status in the thread, and the clip below it.
import { buffer } from 'node:stream/consumers';
import { webApi } from '@slack/bolt';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Outgoing } from '../../outgoing.ts';
import type { Notes } from '../../queue/notes.ts';
import { createClipLines } from '../clip-lines.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Clip, MessageRef } from '../platform.ts';
import { isOutcome, type View } from '../view.ts';
import { drawFacts, drawStarter, drawStatus, escapeText, section, toAltText, toDay, toTitle } from './drawing.ts';
import { createEdits } from './edits.ts';
import { edit, isFileRefused, isGone, isShutOut, openDirect, post, remove } from './messages.ts';
import type { Origin, Place } from './origin.ts';
import { createUploads, type SharedFile } from './uploads.ts';
import type { Workspace, Workspaces } from './workspaces.ts';

interface Details extends Record<string, string> {
  team: string;
  user: string;
  /** `ours`: the bot posted the message that the thread hangs on, and takes it back with the render. */
  thread: 'ours' | 'theirs';
}

export interface StatusMessagesOptions {
  workspaces: Pick<Workspaces, 'of'>;
  media: Pick<Store, 'read'>;
  notes: Notes;
  log: Logger;
  /** How Slack takes uploads. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
}

export type StatusMessages = ReturnType<typeof createStatusMessages>;

export function createStatusMessages({ workspaces, media, notes, log, fetch }: StatusMessagesOptions) {
  const uploads = createUploads(notes, fetch);
  const clipLines = createClipLines(notes);
  const edits = createEdits({ onError: (error) => log.warn({ err: error }, 'A status message could not be updated') });

  const keyOf = ({ channel, message }: MessageRef) => `${channel}-${message}`;
  const detailsOf = (ref: MessageRef) => ref.details as Details;

  /** The message that a thread can hang on: the picture with its words; where that cannot be, the words alone. */
  const postStarter = async (workspace: Workspace, origin: Origin, view: View): Promise<string> => {
    const once = `starter:${view.renderId}`;
    const { channel, user } = origin;
    const comment = drawStarter(view, user);
    const picture = await media.read(`pictures/${view.renderId}.png`);
    if (picture) {
      const data = await buffer(picture.stream);
      try {
        const shared = await uploads.share(workspace, once, async () => ({
          ...{ filename: 'picture.png', title: toTitle(view), altText: toAltText(view) },
          ...{ data, channel, thread: undefined, comment },
        }));
        return shared.ts;
      } catch (error) {
        if (!isFileRefused(error)) throw error;
        log.info({ err: error, renderId: view.renderId }, 'Slack refused the picture; the words stand alone');
      }
    }
    return post(workspace, { channel, thread: undefined }, once, { text: comment, blocks: [section(comment)] });
  };

  /** The status message in a thread. `once` is its render, so that there is never a second. */
  const postStatus = async (workspace: Workspace, place: Place, view: View): Promise<string> => {
    const name = `status:${view.renderId}`;
    const known = await notes.get(name);
    if (known !== undefined) return known;
    const message = await post(workspace, place, name, drawStatus(view));
    await notes.keep(name, message);
    return message;
  };

  /** `gone` where somebody took the message away, `shut out` where the bot may not write any more. */
  const show = async (client: webApi.WebClient, ref: MessageRef, view: View, extra?: string[]) => {
    try {
      await edit(client, ref, drawStatus(view, extra));
      return 'done';
    } catch (error) {
      if (isGone(error)) return 'gone';
      if (isShutOut(error)) return 'shut out';
      throw error;
    }
  };

  const shareClip = async (
    workspace: Workspace,
    place: { once: string; channel: string; thread: string | undefined },
    user: string,
    view: View,
    clip: Clip,
  ): Promise<SharedFile> => {
    const { chat } = wordsOf(view.language);
    const { once, ...where } = place;
    return uploads.share(workspace, `${once}:${view.renderId}`, async () => ({
      ...where,
      filename: clip.filename,
      title: toTitle(view),
      altText: undefined,
      data: await buffer(await clip.read()),
      comment: `${chat.clipReady(`<@${user}>`)}\n${drawFacts(view)}`,
    }));
  };

  /** Lines in the place of a clip that the workspace does not take. */
  const describeLink = async (view: View, clip: Clip): Promise<string[]> => {
    const { chat } = wordsOf(view.language);
    const link = await clip.link();
    if (link === undefined) return [chat.tooLargeForHere];
    // Slack writes links another way round than Markdown.
    const sentence = chat.tooLarge(escapeText(link.address)).replace(/\[(.+?)\]\((.+?)\)/, '<$2|$1>');
    return [sentence, chat.linkEnds(toDay(link.endsAt))];
  };

  /** In the member's direct messages, when the conversation of the command cannot be reached any more. */
  const deliverDirectly = async (workspace: Workspace, ref: MessageRef, view: View, clip: Clip | undefined) => {
    const { user } = detailsOf(ref);
    const { renderId } = view;
    const channel = await openDirect(workspace, user);
    const place = { channel, thread: undefined };
    const withoutButtons = { ...view, buttons: [] };
    if (clip) await shareClip(workspace, { once: 'direct', ...place }, user, view, clip);
    else await post(workspace, place, `direct:${renderId}`, drawStatus(withoutButtons));
    log.info({ renderId }, 'The outcome went to the member’s direct messages');
  };

  /** Edits tell nobody of a failure: one short message does. A clip comes with the member's name on it. */
  const mention = async (workspace: Workspace, ref: MessageRef, view: View): Promise<void> => {
    const { user } = detailsOf(ref);
    const text = wordsOf(view.language).chat.clipFailed(`<@${user}>`);
    await post(workspace, { channel: ref.channel, thread: ref.thread }, `told:${view.renderId}`, { text });
  };

  const takeBack = async (workspace: Workspace, ref: MessageRef, view: View): Promise<void> => {
    const unlessGone = (error: unknown): void => {
      if (!isGone(error) && !isShutOut(error)) throw error;
    };
    const { client } = workspace;
    const removeFile = async ({ file, ts }: { file: string; ts?: string }): Promise<void> => {
      await client.files.delete({ file }).catch(unlessGone);
      if (ts !== undefined) await remove(workspace, ref.channel, ts).catch(unlessGone);
    };
    await remove(workspace, ref.channel, ref.message).catch(unlessGone);
    const clip = await uploads.find(`clip:${view.renderId}`);
    if (clip) await removeFile(clip);
    const direct = await uploads.find(`direct:${view.renderId}`);
    if (direct) await client.files.delete({ file: direct.file }).catch(unlessGone);
    if (detailsOf(ref).thread !== 'ours') return;
    const starter = await uploads.find(`starter:${view.renderId}`);
    // The thread may hold other renders, so the message that it hangs on stays, without the picture and the words.
    if (starter) await client.files.delete({ file: starter.file }).catch(unlessGone);
    const text = `_${wordsOf(view.language).chat.removed}_`;
    await edit(client, { channel: ref.channel, message: ref.thread }, { text, blocks: [section(text)] }).catch(
      unlessGone,
    );
  };

  return {
    /** The status message of a command, in a thread. Called again after a crash it finds what there is. */
    async open(origin: Origin, view: View): Promise<MessageRef> {
      const workspace = await workspaces.of(origin.team);
      const thread = origin.thread ?? (await postStarter(workspace, origin, view));
      const message = await postStatus(workspace, { ...origin, thread }, view);
      const details: Details = {
        ...{ team: origin.team, user: origin.user, thread: origin.thread === undefined ? 'ours' : 'theirs' },
      };
      return { platform: 'slack', channel: origin.channel, message, thread, details };
    },

    /** Edits wait for their turn, and by then the render may have ended: each is made by `whileUnderWay`. */
    async update(
      ref: MessageRef,
      view: View,
      whileUnderWay: (show: () => Promise<void>) => Promise<void>,
    ): Promise<void> {
      const workspace = await workspaces.of(detailsOf(ref).team);
      if (view.kind === 'deleted') {
        await notes.keep(`deleted:${view.renderId}`, '1');
        await edits.end(workspace.team, keyOf(ref));
        await takeBack(workspace, ref, view);
      } else if (isOutcome(view)) {
        await edits.end(workspace.team, keyOf(ref));
        await show(workspace.client, ref, view, await clipLines.of(view.renderId));
      } else {
        const edit = async () => void (await show(workspace.impatient, ref, view));
        await edits.make(workspace.team, keyOf(ref), () => whileUnderWay(edit));
      }
    },

    async deliver(ref: MessageRef, view: View, clip: Clip | undefined): Promise<void> {
      if ((await notes.get(`deleted:${view.renderId}`)) !== undefined) return;
      const workspace = await workspaces.of(detailsOf(ref).team);
      await edits.end(workspace.team, keyOf(ref));
      const { bringing } = wordsOf(view.language).slack;
      const isBrought = clip && (await uploads.find(`clip:${view.renderId}`))?.ts !== undefined;
      const uploading: View = { ...view, kind: 'rendering', headline: bringing, facts: [], buttons: [] };
      const came =
        clip && !isBrought
          ? await show(workspace.impatient, ref, uploading).catch(unlessLeftOut)
          : await show(workspace.client, ref, view);
      if (came === 'gone') {
        // Whoever took the message away wants no clip.
        log.info({ renderId: view.renderId }, 'The message of a finished render was removed by somebody');
        return;
      }
      if (came === 'shut out') return deliverDirectly(workspace, ref, view, clip);
      if (!clip) {
        if (view.kind === 'failed') await mention(workspace, ref, view);
        return;
      }
      const { user } = detailsOf(ref);
      const place = { once: 'clip', channel: ref.channel, thread: ref.thread };
      let refused: string[] | undefined;
      try {
        await shareClip(workspace, place, user, view, clip);
      } catch (error) {
        if (isShutOut(error)) return deliverDirectly(workspace, ref, view, clip);
        if (!isFileRefused(error)) throw error;
        log.info({ err: error, renderId: view.renderId }, 'Slack refused the clip; a link is sent');
        refused = await describeLink(view, clip);
        await clipLines.keep(view.renderId, refused);
      }
      await show(workspace.client, ref, view, refused);
    },

    stop: () => edits.stop(),
  };
}

/** An edit that is soon followed by a better one need not wait for its turn. */
function unlessLeftOut(error: unknown): undefined {
  if (!(error instanceof webApi.WebAPIRateLimitedError)) throw error;
}
