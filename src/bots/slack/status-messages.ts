// Where a render's messages live on Slack: the one that the thread hangs on, the status in the thread, and the clip below it.
import { buffer } from 'node:stream/consumers';
import { webApi } from '@slack/bolt';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Outgoing } from '../../outgoing.ts';
import type { Notes } from '../../queue/notes.ts';
import { refusal } from '../../refusals.ts';
import { createClipLines } from '../clip-lines.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Clip, MessageRef } from '../platform.ts';
import { isOutcome, type View } from '../view.ts';
import { drawFacts, drawStarter, drawStatus, escapeText, section, toAltText, toDay, toTitle } from './drawing.ts';
import { createEdits } from './edits.ts';
import { describeRefusal, meaningOf } from './error-codes.ts';
import { describeFault } from './faults.ts';
import {
  edit,
  isFileRefused,
  isGone,
  isRefusal,
  isRefusedForGood,
  isShutOut,
  openDirect,
  post,
  remove,
  unlessRefused,
} from './messages.ts';
import type { Origin, Place } from './origin.ts';
import { createUploads, type SharedFile } from './uploads.ts';
import type { Workspace, Workspaces } from './workspaces.ts';

interface Details extends Record<string, string> {
  team: string;
  user: string;
  /** `ours`: the bot posted the message that the thread hangs on, and takes it back with the render. */
  thread: 'ours' | 'theirs';
}

/** A clip that is refused for this is tried once at half its size. */
const TOO_LARGE = ['file_upload_size_restricted', 'file_too_large', 'over_file_size_limit'];

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
        const shared = await uploads.share(workspace, once, channel, async () => ({
          ...{ filename: 'picture.png', title: toTitle(view), altText: toAltText(view) },
          ...{ data, thread: undefined, comment },
        }));
        if (shared.ts !== undefined) return shared.ts;
        log.info(
          { renderId: view.renderId },
          'Slack does not tell where the picture is; the thread hangs on the words',
        );
      } catch (error) {
        if (isShutOut(error)) throw error;
        unlessRefused(error);
        const names = { renderId: view.renderId, ...describeRefusal(error) };
        log.info(names, 'Slack refused the picture; the words stand alone');
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

  /**
   * `gone` where somebody took the message away, `shut out` where the bot may not write any more, `left` where it stays as it was:
   * no edit that is refused for good stops anything else.
   */
  const show = async (client: webApi.WebClient, ref: MessageRef, view: View, extra?: string[]) => {
    try {
      await edit(client, ref, drawStatus(view, extra));
      return 'done';
    } catch (error) {
      if (isGone(error)) return 'gone';
      if (isShutOut(error)) return 'shut out';
      unlessRefused(error);
      log.warn({ renderId: view.renderId, ...describeRefusal(error) }, 'Slack does not let the status be changed');
      return 'left';
    }
  };

  const shareClip = async (
    workspace: Workspace,
    place: { once: string; channel: string; thread: string | undefined; refused?: string },
    user: string,
    view: View,
    clip: Clip,
  ): Promise<SharedFile> => {
    const { chat } = wordsOf(view.language);
    const { once, refused, channel, thread } = place;
    const share = (read: () => Promise<Buffer>) => {
      const make = async () => ({
        thread,
        filename: clip.filename,
        title: toTitle(view),
        altText: undefined,
        data: await read(),
        comment: `${chat.clipReady(`<@${user}>`)}\n${drawFacts(view)}`,
      });
      return uploads.share(
        workspace,
        `${once}:${view.renderId}`,
        channel,
        make,
        refused && `${refused}:${view.renderId}`,
      );
    };
    const whole = async () => buffer(await clip.read());
    try {
      return await share(whole);
    } catch (error) {
      if (!isRefusal(error, ...TOO_LARGE)) throw error;
      const smaller = await clip.shrink(Math.floor((await whole()).length / 2));
      if (!smaller) throw error;
      return share(async () => smaller);
    }
  };

  /** Lines in the place of a clip that the workspace does not take, for its size or for what it is. */
  const describeLink = async (view: View, clip: Clip, isTooLarge: boolean): Promise<string[]> => {
    const { chat, slack } = wordsOf(view.language);
    const link = await clip.link();
    if (link === undefined) return [isTooLarge ? chat.tooLargeForHere : slack.notTaken];
    const address = escapeText(link.address);
    const sentence = isTooLarge ? chat.tooLarge(address) : slack.notTakenButLink(address);
    // Slack writes links another way round than Markdown.
    const marked = sentence.replace(/\[(.+?)\]\((.+?)\)/, '<$2|$1>');
    return [marked, chat.linkEnds(toDay(link.endsAt))];
  };

  /** In the member's direct messages, when the conversation of the command cannot be reached any more. */
  const deliverDirectly = async (workspace: Workspace, ref: MessageRef, view: View, clip: Clip | undefined) => {
    const { user } = detailsOf(ref);
    const { renderId } = view;
    try {
      const place = { channel: await openDirect(workspace, user), thread: undefined };
      const lines =
        clip && (await bringClip(workspace, { once: 'direct', ...place, refused: 'clip' }, user, view, clip));
      if (!clip || lines) {
        await post(workspace, place, `direct:${renderId}`, drawStatus({ ...view, buttons: [] }, lines));
      }
      log.info({ renderId }, 'The outcome went to the member’s direct messages');
    } catch (error) {
      unlessRefused(error);
      log.warn(
        { renderId, ...describeRefusal(error) },
        'Nobody could be told of an outcome: Slack refuses every place',
      );
    }
  };

  /** Resolves to the lines in the place of a clip that cannot be there. Throws what refuses the place, or passes. */
  const bringClip = async (
    workspace: Workspace,
    place: Parameters<typeof shareClip>[1],
    user: string,
    view: View,
    clip: Clip,
  ): Promise<string[] | undefined> => {
    try {
      await shareClip(workspace, place, user, view, clip);
      return undefined;
    } catch (error) {
      if (!isFileRefused(error) && !isGone(error)) throw error;
      log.info({ renderId: view.renderId, ...describeRefusal(error) }, 'Slack refused the clip; a link is sent');
      return describeLink(view, clip, isRefusal(error, ...TOO_LARGE));
    }
  };

  const faultNote = (view: View) => `operator:${view.renderId}`;
  const showOperatorsFault = async (client: webApi.WebClient, ref: MessageRef, view: View) => {
    const sentence = describeFault(refusal('admin_needed', {}), wordsOf(view.language));
    return show(client, ref, { ...view, buttons: [] }, [sentence]);
  };

  /** Before a clip is brought: that it comes, or in later tries still that an operator has to put something right. */
  const showBringing = async (workspace: Workspace, ref: MessageRef, view: View) => {
    const { impatient } = workspace;
    if ((await notes.get(faultNote(view))) !== undefined) {
      return showOperatorsFault(impatient, ref, view).catch(unlessLeftOut);
    }
    const { bringing } = wordsOf(view.language).slack;
    const uploading: View = { ...view, kind: 'rendering', headline: bringing, facts: [], buttons: [] };
    return show(impatient, ref, uploading).catch(unlessLeftOut);
  };

  /** Edits tell nobody of a failure: one short message does. A clip comes with the member's name on it. */
  const mention = async (workspace: Workspace, ref: MessageRef, view: View): Promise<void> => {
    const { user } = detailsOf(ref);
    const text = wordsOf(view.language).chat.clipFailed(`<@${user}>`);
    const place = { channel: ref.channel, thread: ref.thread };
    await post(workspace, place, `told:${view.renderId}`, { text }).catch(async (error) => {
      unlessRefused(error);
      await deliverDirectly(workspace, ref, view, undefined);
    });
  };

  const takeBack = async (workspace: Workspace, ref: MessageRef, view: View): Promise<void> => {
    const { client } = workspace;
    await remove(workspace, ref.channel, ref.message).catch(unlessRefused);
    const clip = await uploads.find(`clip:${view.renderId}`);
    if (clip) await client.files.delete({ file: clip.file }).catch(unlessRefused);
    if (clip?.state === 'shared' && clip.ts !== undefined) {
      await remove(workspace, ref.channel, clip.ts).catch(unlessRefused);
    }
    const direct = await uploads.find(`direct:${view.renderId}`);
    if (direct) await client.files.delete({ file: direct.file }).catch(unlessRefused);
    if (detailsOf(ref).thread !== 'ours') return;
    const starter = await uploads.find(`starter:${view.renderId}`);
    // The thread may hold other renders, so the message that it hangs on stays, without the picture and the words.
    if (starter) await client.files.delete({ file: starter.file }).catch(unlessRefused);
    const text = `_${wordsOf(view.language).chat.removed}_`;
    await edit(client, { channel: ref.channel, message: ref.thread }, { text, blocks: [section(text)] }).catch(
      unlessRefused,
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
      const isBrought = clip && (await uploads.find(`clip:${view.renderId}`))?.state === 'shared';
      const came =
        clip && !isBrought ? await showBringing(workspace, ref, view) : await show(workspace.client, ref, view);
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
      let lines: string[] | undefined;
      try {
        lines = await bringClip(workspace, place, user, view, clip);
      } catch (error) {
        if (meaningOf(error) === 'operator') {
          await notes.keep(faultNote(view), '1');
          await showOperatorsFault(workspace.client, ref, view).catch(() => undefined);
        }
        if (!isRefusedForGood(error) || meaningOf(error) === 'operator') throw error;
        log.info({ renderId: view.renderId, ...describeRefusal(error) }, 'Slack does not take the clip there');
        await deliverDirectly(workspace, ref, view, clip);
      }
      if (lines) await clipLines.keep(view.renderId, lines);
      await show(workspace.client, ref, view, lines);
    },

    stop: () => edits.stop(),
  };
}

/** An edit that is soon followed by a better one need not wait for its turn. */
function unlessLeftOut(error: unknown): undefined {
  if (!(error instanceof webApi.WebAPIRateLimitedError)) throw error;
}
