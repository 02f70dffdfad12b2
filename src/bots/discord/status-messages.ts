// Where a render's status message lives on Discord: opens it, redraws it, brings the clip, and removes it.
import { buffer } from 'node:stream/consumers';
import { type APIMessage, MessageFlags } from 'discord.js';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Notes } from '../../queue/notes.ts';
import { createClipLines } from '../clip-lines.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Clip, MessageRef } from '../platform.ts';
import { isOutcome, type View } from '../view.ts';
import { drawStarter, drawStatus, NOBODY, toDescription, toRelativeTime, toThreadName } from './drawing.ts';
import {
  isArchived,
  isForbidden,
  isGone,
  isThreadRefused,
  isTooLarge,
  type MessageFile,
  type Messages,
  type Reach,
} from './messages.ts';
import type { Origin } from './origin.ts';

/** A request is more than its file. */
const SIZE_MARGIN_BYTES = 64 * 1024;
/** After a refusal half of it is tried, and half of that, before a link. */
const SMALLER_SHARE = 0.5;
const MOST_UPLOADS = 4;

interface Details extends Record<string, string> {
  home: Origin['home'];
  member: string;
  application: string;
  /** Its token is in the notes, for as long as it lasts. */
  interaction: string;
  sizeLimit: string;
  /** `yes`: the message is the answer to the interaction, so that its token reaches it, too. */
  isAnswer: string;
}

/** Another bot with this token, to whom Redis was away, was first to answer: it said no to the member alone. */
const isForMemberAlone = ({ flags }: APIMessage): boolean => ((flags ?? 0) & MessageFlags.Ephemeral) !== 0;

export interface StatusMessagesOptions {
  messages: Messages;
  media: Pick<Store, 'read'>;
  notes: Notes;
  isSpoiler: boolean;
  log: Logger;
}

export function createStatusMessages(options: StatusMessagesOptions) {
  const { messages, media, notes, isSpoiler, log } = options;
  const clipLines = createClipLines(notes);

  const reachByToken = async (application: string, interaction: string): Promise<Reach | undefined> => {
    const token = await notes.get(`token:${interaction}`);
    return token === undefined ? undefined : { application, token };
  };

  const requireReach = async ({ application, interaction }: Origin) => {
    const reach = await reachByToken(application, interaction);
    if (!reach || !('token' in reach)) throw new Error(`The token of interaction ${interaction} has ended`);
    return reach;
  };

  const toRef = (origin: Origin, channel: string, message: string, more: Record<string, string> = {}): MessageRef => {
    const { home, member, application, interaction, sizeLimit } = origin;
    const details: Details = {
      ...{ home, member: member.id, application, interaction, sizeLimit: String(sizeLimit), isAnswer: 'no' },
      ...more,
    };
    return { platform: 'discord', channel, message, thread: home === 'thread' ? channel : '', details };
  };

  const pictureOf = async (view: View, sizeLimit: number): Promise<MessageFile[] | undefined> => {
    const stored = await media.read(`pictures/${view.renderId}.png`);
    if (!stored || stored.size > sizeLimit - SIZE_MARGIN_BYTES) {
      stored?.stream.destroy();
      return undefined;
    }
    const name = `${isSpoiler ? 'SPOILER_' : ''}picture.png`;
    return [{ name, data: await buffer(stored.stream), description: toDescription(view) }];
  };

  /** The status message in a thread; `once` is its render, so that there is never a second. */
  const createIn = async (channel: string, view: View, mayBeThere: boolean, more: object = {}): Promise<string> => {
    // An earlier life's is found by its Cancel button; within minutes Discord finds it, too.
    const found = mayBeThere ? await messages.findByButton(channel, `cancel:${view.renderId}`) : undefined;
    const message = found ?? (await messages.create(channel, view.renderId, { ...drawStatus(view), ...more }));
    return message.id;
  };

  const drawStarterOf = async (origin: Origin, view: View) => {
    const reach = await requireReach(origin);
    const files = await pictureOf(view, origin.sizeLimit);
    return messages.edit(reach, '@original', drawStarter(view), files).catch((error) => {
      if (!isTooLarge(error)) throw error;
      return messages.edit(reach, '@original', drawStarter(view));
    });
  };

  const openThread = async (origin: Origin, view: View): Promise<MessageRef | undefined> => {
    const starter = await drawStarterOf(origin, view);
    if (isForMemberAlone(starter)) return undefined;
    try {
      const thread = await messages.openThread(origin.channel, starter.id, toThreadName(view));
      if (!thread) {
        log.info({ renderId: view.renderId }, 'The channel opens no further thread for now; the reply itself is used');
        return undefined;
      }
      const message = await createIn(thread.id, view, !thread.isNew);
      return toRef(origin, thread.id, message, { starter: starter.id, starterChannel: origin.channel });
    } catch (error) {
      if (!isThreadRefused(error)) throw error;
      log.info({ err: error, renderId: view.renderId }, 'Discord refused a thread; the reply itself is used');
      return undefined;
    }
  };

  /** In the message that the interaction was answered with. */
  const openInPlace = async (origin: Origin, view: View): Promise<MessageRef> => {
    const message = await messages.edit(await requireReach(origin), '@original', drawStatus(view));
    const home = isForMemberAlone(message) ? 'token' : origin.home;
    return toRef({ ...origin, home }, origin.channel, message.id, { isAnswer: 'yes' });
  };

  /** It took longer than the token lasts until anything could be posted: a message of the bot's own, where the command was given. */
  const openWithoutToken = async (origin: Origin, view: View): Promise<MessageRef> => {
    const isOwn = origin.home === 'token';
    const channel = isOwn ? await messages.openDirect(origin.member.id) : origin.channel;
    return toRef({ ...origin, home: 'place' }, channel, await createIn(channel, view, true));
  };

  /**
   * The ways to a message, best first. What is done with the token of an interaction has a rate limit of its own, so a channel
   * full of answers is no queue while their tokens last.
   */
  const reachesOf = async (ref: MessageRef): Promise<Reach[]> => {
    const { home, application, interaction, isAnswer } = ref.details as Details;
    const canUseToken = home === 'token' || isAnswer === 'yes';
    const byToken = canUseToken ? await reachByToken(application, interaction) : undefined;
    const byBot = home === 'token' ? undefined : { channel: ref.channel };
    return [byToken, byBot].filter((reach) => reach !== undefined);
  };

  /** `gone` for what nobody can reach any more, `forbidden` for where the bot may not write any more. */
  const edit = async (ref: MessageRef, body: object, files?: MessageFile[]): Promise<'done' | 'gone' | 'forbidden'> => {
    for (const reach of await reachesOf(ref)) {
      const change = () => messages.edit(reach, ref.message, { ...body }, files);
      try {
        await change().catch(async (error) => {
          if (!isArchived(error)) throw error;
          await messages.unarchive(ref.channel);
          return change();
        });
        return 'done';
      } catch (error) {
        if (isForbidden(error)) return 'forbidden';
        if (!isGone(error)) throw error;
      }
    }
    return 'gone';
  };

  /** What Discord told with the command. That may be the member's own allowance, so what is refused is tried smaller. */
  const limitOf = (ref: MessageRef): number => Number((ref.details as Details).sizeLimit) || Number.POSITIVE_INFINITY;

  const fileOf = (clip: Clip, view: View, data: Buffer): MessageFile[] => [
    { name: `${isSpoiler ? 'SPOILER_' : ''}${clip.filename}`, data, description: toDescription(view) },
  ];

  /** Hands `send` the clip as it is, then smaller, then not at all but with a line that has a link. */
  const sendFitting = async <Answer>(
    view: View,
    clip: Clip,
    limit: number,
    send: (files: MessageFile[], extra: string[]) => Promise<Answer>,
  ): Promise<Answer> => {
    let room = limit - SIZE_MARGIN_BYTES;
    for (let uploads = 0; uploads < MOST_UPLOADS; uploads += 1) {
      const data = clip.result.bytes <= room ? await buffer(await clip.read()) : await clip.shrink(room);
      if (!data) break;
      try {
        return await send(fileOf(clip, view, data), []);
      } catch (error) {
        if (!isTooLarge(error)) throw error;
        log.info({ renderId: view.renderId, bytes: data.length }, 'Discord found the clip too large');
        room = Math.floor(data.length * SMALLER_SHARE);
      }
    }
    const { chat } = wordsOf(view.language);
    const link = await clip.link();
    if (link === undefined) return send([], [chat.tooLargeForHere]);
    return send([], [chat.tooLarge(link.address), chat.linkEnds(toRelativeTime(link.endsAt))]);
  };

  /** A message of its own, in the member's direct messages, when the place of the command cannot be reached any more. */
  const deliverDirectly = async (ref: MessageRef, view: View, clip: Clip | undefined): Promise<void> => {
    const { member } = ref.details as Details;
    const { renderId } = view;
    try {
      const channel = await messages.openDirect(member);
      const send = (files: MessageFile[] | undefined, extra: string[]) =>
        messages.create(channel, `direct:${renderId}`, drawStatus(view, extra), files);
      if (clip) await sendFitting(view, clip, limitOf(ref), send);
      else await send(undefined, []);
      log.info({ renderId }, 'The outcome went to the member’s direct messages');
    } catch (error) {
      if (!isForbidden(error) && !isGone(error)) throw error;
      log.warn({ err: error, renderId }, 'The outcome could not be brought to the member by any road');
    }
  };

  /** Edits tell nobody: one short message does, with the one mention that the bot ever makes. */
  const mention = async (ref: MessageRef, view: View): Promise<void> => {
    const { home, member } = ref.details as Details;
    if (home === 'token' || (view.kind !== 'done' && view.kind !== 'failed')) return;
    // One that failed may be tried again by an admin, and then there is something else to tell.
    const told = `told:${view.renderId}:${view.kind}`;
    if ((await notes.get(told)) !== undefined) return;
    const { chat } = wordsOf(view.language);
    const body = {
      content: `<@${member}> ${view.kind === 'done' ? chat.clipReady : chat.clipFailed}`,
      allowed_mentions: { users: [member] },
    };
    const reference = { message_reference: { message_id: ref.message, fail_if_not_exists: false } };
    for (const reach of await reachesOf(ref)) {
      try {
        // Discord shows what follows an answer as a reply to it.
        if ('token' in reach) await messages.followUp(reach, body);
        else await messages.create(ref.channel, told, { ...body, ...reference });
        break;
      } catch (error) {
        // The clip is there; that nobody could be told of it is no reason to bring it again.
        if (!isForbidden(error) && !isGone(error)) throw error;
      }
    }
    await notes.keep(told, '1');
  };

  const remove = async (ref: MessageRef, view: View): Promise<void> => {
    const { starter, starterChannel } = ref.details as Details;
    const unlessGone = (error: unknown): void => {
      if (!isGone(error)) throw error;
    };
    for (const reach of await reachesOf(ref)) await messages.remove(reach, ref.message).catch(unlessGone);
    if (starter === undefined || starterChannel === undefined) return;
    // The thread may hold other renders; the picture and the words go with this one.
    const body = { content: `-# ${wordsOf(view.language).chat.removed}`, allowed_mentions: NOBODY };
    await messages.edit({ channel: starterChannel }, starter, body, []).catch(unlessGone);
  };

  return {
    /** The message of a command, in a thread where that can be. Called again after a crash it finds what there is. */
    async open(origin: Origin, view: View): Promise<MessageRef> {
      if (!(await reachByToken(origin.application, origin.interaction))) return openWithoutToken(origin, view);
      const inThread = origin.home === 'thread' ? await openThread(origin, view) : undefined;
      return inThread ?? openInPlace(origin.home === 'thread' ? { ...origin, home: 'place' } : origin, view);
    },

    /** One more message beside the one whose button was pressed. */
    async openBeside(origin: Origin, view: View): Promise<MessageRef> {
      if (origin.home === 'token') {
        const flags = drawStatus(view).flags | (origin.isPrivate ? MessageFlags.Ephemeral : 0);
        const message = await messages.followUp(await requireReach(origin), { ...drawStatus(view), flags });
        return toRef(origin, origin.channel, message.id);
      }
      const reference = { message_reference: { message_id: origin.message, fail_if_not_exists: false } };
      const message = await createIn(origin.channel, view, true, origin.message === undefined ? {} : reference);
      return toRef(origin, origin.channel, message);
    },

    async update(ref: MessageRef, view: View): Promise<void> {
      if (view.kind === 'deleted') await remove(ref, view);
      else await edit(ref, drawStatus(view, isOutcome(view) ? await clipLines.of(view.renderId) : []));
    },

    async deliver(ref: MessageRef, view: View, clip: Clip | undefined): Promise<void> {
      const send = async (files: MessageFile[] | undefined, extra: string[]) => {
        if (extra.length > 0) await clipLines.keep(view.renderId, extra);
        return edit(ref, drawStatus(view, extra), files);
      };
      const came = clip ? await sendFitting(view, clip, limitOf(ref), send) : await send(undefined, []);
      const { home } = ref.details as Details;
      if (came === 'done') await mention(ref, view);
      // Who took the message away wants no clip; but a token that has ended, or a right that was lost, is nobody's wish.
      else if (home === 'token' || came === 'forbidden') await deliverDirectly(ref, view, clip);
      else log.info({ renderId: view.renderId }, 'The message of a finished render was removed by somebody');
    },
  };
}
