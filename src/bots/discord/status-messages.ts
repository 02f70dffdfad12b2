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
  describeRefusal,
  isAnswered,
  isArchived,
  isForbidden,
  isGone,
  isRefusedForGood,
  isThreadRefused,
  isTooLarge,
  type MessageFile,
  type Messages,
  type Reach,
} from './messages.ts';
import type { Origin } from './origin.ts';

/** A request is more than its file. */
const SIZE_MARGIN_BYTES = 64 * 1024;
/** What Discord found too large is tried once more: half of it, and no more than every place takes. */
const SMALLER_SHARE = 0.5;
const TAKEN_EVERYWHERE_BYTES = 10 * 2 ** 20;
/** Uploads of one clip that were answered with a no, whatever the reason, in all its lives. */
const MAX_REFUSED_UPLOADS = 2;

/** Where a clip was brought to. */
const HERE = '1';
const DIRECTLY = 'directly';

interface Details extends Record<string, string> {
  home: Origin['home'];
  member: string;
  application: string;
  /** Its token is in the notes, for as long as it lasts. */
  interaction: string;
  sizeLimit: string;
  /** `yes`: the message is the answer to the interaction, so that its token reaches it, too. */
  isAnswer: string;
  /** `yes`: the picture was hidden behind a click, and the clip is, too. */
  isSpoiler: string;
  /** `yes`: the bot is no member of the place, and perhaps of none where the member is. */
  isForeign: string;
  /** `yes`: the place is for adults, and the clip is hidden where it goes elsewhere. */
  isAgeRestricted: string;
}

/** `gone` for what nobody can reach any more, `forbidden` for where the bot may not write, `refused` for what is not taken there. */
type Came = 'done' | 'gone' | 'forbidden' | 'refused';

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
      isSpoiler: origin.isSpoiler ? 'yes' : 'no',
      isForeign: origin.isForeign ? 'yes' : 'no',
      isAgeRestricted: origin.isAgeRestricted ? 'yes' : 'no',
      ...more,
    };
    return { platform: 'discord', channel, message, thread: home === 'thread' ? channel : '', details };
  };

  /** Discord hides what is named like this behind a click. */
  const nameFor = (name: string, isHidden: boolean): string => `${isSpoiler || isHidden ? 'SPOILER_' : ''}${name}`;

  const pictureOf = async (
    view: View,
    { sizeLimit, isSpoiler: isHidden }: Origin,
  ): Promise<MessageFile[] | undefined> => {
    const stored = await media.read(`pictures/${view.renderId}.png`);
    if (!stored || stored.size > sizeLimit - SIZE_MARGIN_BYTES) {
      stored?.stream.destroy();
      return undefined;
    }
    const name = nameFor('picture.png', isHidden);
    return [{ name, data: await buffer(stored.stream), description: toDescription(view) }];
  };

  /** The status message in a thread; `once` is its render, so that there is never a second. */
  const createIn = async (channel: string, view: View, mayBeThere: boolean, replyTo?: string): Promise<string> => {
    // An earlier life's is found by its Cancel button; within minutes Discord finds it, too.
    const found = mayBeThere ? await messages.findByButton(channel, `cancel:${view.renderId}`) : undefined;
    const message = found ?? (await messages.createReply(channel, view.renderId, replyTo, drawStatus(view)));
    return message.id;
  };

  const drawStarterOf = async (origin: Origin, view: View) => {
    const reach = await requireReach(origin);
    const files = await pictureOf(view, origin);
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
      log.info(
        { ...describeRefusal(error), renderId: view.renderId },
        'Discord refused a thread; the reply itself is used',
      );
      return undefined;
    }
  };

  /** In the message that the interaction was answered with. */
  const openInPlace = async (origin: Origin, view: View): Promise<MessageRef> => {
    const message = await messages.edit(await requireReach(origin), '@original', drawStatus(view));
    const home = isForMemberAlone(message) ? 'token' : origin.home;
    return toRef({ ...origin, home }, origin.channel, message.id, { isAnswer: 'yes' });
  };

  /** With the token of a press. Its own answer has to be there first: what follows a deferred one takes its place. */
  const followBeside = async (origin: Origin, view: View): Promise<MessageRef> => {
    const reach = await requireReach(origin);
    const { chat } = wordsOf(view.language);
    await messages.edit(reach, '@original', { content: `**${chat.onItsWay}** …`, allowed_mentions: NOBODY });
    const flags = drawStatus(view).flags | (origin.isPrivate ? MessageFlags.Ephemeral : 0);
    const message = await messages.followUp(reach, { ...drawStatus(view), flags });
    return toRef(origin, origin.channel, message.id, { isAnswer: 'yes' });
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

  const refusedUploads = async (renderId: string): Promise<number> =>
    Number(await notes.get(`uploads:${renderId}`)) || 0;

  /** Counts an upload of a clip that was refused, so that no later life brings it for ever. */
  const counted = async <Answer>(renderId: string, upload: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await upload();
    } catch (error) {
      const isOver = isAnswered(error) && !isGone(error) && !isArchived(error);
      if (isOver) await notes.keep(`uploads:${renderId}`, String((await refusedUploads(renderId)) + 1));
      throw error;
    }
  };

  const edit = async (ref: MessageRef, view: View, body: object, files?: MessageFile[]): Promise<Came> => {
    for (const reach of await reachesOf(ref)) {
      const send = () => messages.edit(reach, ref.message, { ...body }, files);
      const change = () => (files?.length ? counted(view.renderId, send) : send());
      try {
        await change().catch(async (error) => {
          if (!isArchived(error)) throw error;
          await messages.unarchive(ref.channel);
          // Whether it is open now is seen without a file.
          if (files?.length) await messages.edit(reach, ref.message, { ...body });
          return change();
        });
        return 'done';
      } catch (error) {
        if (isForbidden(error)) return 'forbidden';
        // Of what has a file a smaller one may do.
        if ((files?.length && isTooLarge(error)) || !isRefusedForGood(error)) throw error;
        if (isGone(error)) continue;
        log.warn(
          { ...describeRefusal(error), renderId: view.renderId },
          'Discord refused a change of a status message',
        );
        return 'refused';
      }
    }
    return 'gone';
  };

  /** What Discord told with the command. That may be the member's own allowance, so what is refused is tried smaller. */
  const limitOf = (ref: MessageRef): number => Number((ref.details as Details).sizeLimit) || Number.POSITIVE_INFINITY;

  /** Where the clip is, in words, when Discord takes no file of it. */
  const describeAbsence = async (view: View, clip: Clip, isTooLargeHere: boolean): Promise<string[]> => {
    const { chat, discord } = wordsOf(view.language);
    const link = await clip.link();
    if (link === undefined) return [isTooLargeHere ? chat.tooLargeForHere : discord.notTaken];
    const { address, endsAt } = link;
    return [
      isTooLargeHere ? chat.tooLarge(address) : discord.notTakenButLink(address),
      chat.linkEnds(toRelativeTime(endsAt)),
    ];
  };

  /** Hands `send` the clip as it is, then smaller, then not at all but with a line that has a link. */
  const sendFitting = async <Answer>(
    view: View,
    clip: Clip,
    { limit, isHidden }: { limit: number; isHidden: boolean },
    send: (files: MessageFile[], extra: string[]) => Promise<Answer>,
  ): Promise<Answer> => {
    let room = limit - SIZE_MARGIN_BYTES;
    let isTooLargeHere = clip.result.bytes > room;
    while ((await refusedUploads(view.renderId)) < MAX_REFUSED_UPLOADS) {
      const data = clip.result.bytes <= room ? await buffer(await clip.read()) : await clip.shrink(room);
      if (!data) break;
      try {
        const name = nameFor(clip.filename, isHidden);
        return await send([{ name, data, description: toDescription(view) }], []);
      } catch (error) {
        if (!isTooLarge(error)) throw error;
        log.info({ renderId: view.renderId, bytes: data.length }, 'Discord found the clip too large');
        isTooLargeHere = true;
        room = Math.min(Math.floor(data.length * SMALLER_SHARE), TAKEN_EVERYWHERE_BYTES - SIZE_MARGIN_BYTES);
      }
    }
    return send([], await describeAbsence(view, clip, isTooLargeHere));
  };

  /** A message of its own, in the member's direct messages, when the place of the command takes none. False where that fails, too. */
  const deliverDirectly = async (ref: MessageRef, view: View, clip: Clip | undefined): Promise<boolean> => {
    const { member, isSpoiler: isHidden, isAgeRestricted } = ref.details as Details;
    const { renderId } = view;
    const fitting = { limit: limitOf(ref), isHidden: isHidden === 'yes' || isAgeRestricted === 'yes' };
    try {
      const channel = await messages.openDirect(member);
      const create = (files: MessageFile[] | undefined, extra: string[]) =>
        messages.create(channel, `direct:${renderId}`, drawStatus(view, extra), files);
      const send = (files: MessageFile[], extra: string[]) =>
        files.length > 0 ? counted(renderId, () => create(files, extra)) : create(files, extra);
      if (clip) await sendFitting(view, clip, fitting, send);
      else await create(undefined, []);
      log.info({ renderId }, 'The outcome went to the member’s direct messages');
      return true;
    } catch (error) {
      if (!isRefusedForGood(error)) throw error;
      log.warn({ ...describeRefusal(error), renderId }, 'The outcome could not be brought to the member by any road');
      return false;
    }
  };

  /** What the place would not have goes to the member, and the place is told: nothing there says for ever that it goes on. */
  const deliverElsewhere = async (ref: MessageRef, view: View, clip: Clip | undefined, came: Came): Promise<void> => {
    const isThere = await deliverDirectly(ref, view, clip);
    if (clip && isThere) await notes.keep(`brought:${view.renderId}`, DIRECTLY);
    if (came === 'gone') return;
    const { discord } = wordsOf(view.language);
    const absence = clip ? await describeAbsence(view, clip, false) : [];
    const extra = isThere ? [discord.sentDirectly] : absence;
    await clipLines.keep(view.renderId, extra);
    await edit(ref, view, drawStatus(view, extra));
  };

  /**
   * The clip into its message. After an upload that was refused for whatever reason, the words alone show first whether the place
   * takes anything now.
   */
  const bring = async (ref: MessageRef, view: View, clip: Clip): Promise<Came> => {
    const refused = await refusedUploads(view.renderId);
    if (refused >= MAX_REFUSED_UPLOADS) return 'refused';
    if (refused > 0) {
      const came = await edit(ref, view, drawStatus(view));
      if (came !== 'done') return came;
    }
    const isHidden = (ref.details as Details).isSpoiler === 'yes';
    return sendFitting(view, clip, { limit: limitOf(ref), isHidden }, async (files, extra) => {
      if (extra.length > 0) await clipLines.keep(view.renderId, extra);
      return edit(ref, view, drawStatus(view, extra), files);
    });
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
      content: view.kind === 'done' ? chat.clipReady(`<@${member}>`) : chat.clipFailed(`<@${member}>`),
      allowed_mentions: { users: [member] },
    };
    for (const reach of await reachesOf(ref)) {
      try {
        // Discord shows what follows an answer as a reply to it.
        if ('token' in reach) await messages.followUp(reach, body);
        else await messages.createReply(ref.channel, told, ref.message, body);
        break;
      } catch (error) {
        // The clip is there; that nobody could be told of it is no reason to bring it again.
        if (!isRefusedForGood(error)) throw error;
        log.info({ ...describeRefusal(error), renderId: view.renderId }, 'Discord refused the mention of a member');
      }
    }
    await notes.keep(told, '1');
  };

  const remove = async (ref: MessageRef, view: View): Promise<void> => {
    const { starter, starterChannel } = ref.details as Details;
    const { renderId } = view;
    const unlessRefused = (error: unknown): void => {
      if (!isRefusedForGood(error)) throw error;
      if (!isGone(error)) log.warn({ ...describeRefusal(error), renderId }, 'A message could not be removed');
    };
    for (const reach of await reachesOf(ref)) {
      const take = () => messages.remove(reach, ref.message);
      await take()
        .catch(async (error) => {
          if (!isArchived(error)) throw error;
          await messages.unarchive(ref.channel);
          await take();
        })
        .catch(unlessRefused);
    }
    if (starter === undefined || starterChannel === undefined) return;
    // The thread may hold other renders; the picture and the words go with this one.
    const body = { content: `-# ${wordsOf(view.language).chat.removed}`, allowed_mentions: NOBODY };
    await messages.edit({ channel: starterChannel }, starter, body, []).catch(unlessRefused);
  };

  /** What becomes of a clip whose message can be changed no more. Discord refuses direct messages where no server is shared. */
  const describeEnd = ({ details }: MessageRef, language: string | undefined): string => {
    const { discord } = wordsOf(language);
    return (details as Details).isForeign === 'yes' ? discord.continuesIfShared : discord.continuesDirectly;
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
      if (origin.home === 'token') return followBeside(origin, view);
      try {
        return toRef(origin, origin.channel, await createIn(origin.channel, view, true, origin.message));
      } catch (error) {
        // The press has a token of its own, which asks for none of the bot's rights.
        if (!isRefusedForGood(error) || !(await reachByToken(origin.application, origin.interaction))) throw error;
        log.info({ ...describeRefusal(error), renderId: view.renderId }, 'Answering a press with its own token');
        return followBeside(origin, view);
      }
    },

    async update(ref: MessageRef, view: View): Promise<void> {
      if (view.kind === 'deleted') return remove(ref, view);
      const isLast = (await notes.get(`last:${view.renderId}`)) !== undefined;
      const toCome = isLast ? [describeEnd(ref, view.language)] : [];
      await edit(ref, view, drawStatus(view, isOutcome(view) ? await clipLines.of(view.renderId) : toCome));
    },

    /** Prepares a member for the end of what can be shown them there. The message keeps its button. */
    async prepareForEnd(ref: MessageRef, renderId: string, language: string): Promise<void> {
      await notes.keep(`last:${renderId}`, '1');
      const content = describeEnd(ref, language);
      for (const reach of await reachesOf(ref)) {
        await messages.edit(reach, ref.message, { content, allowed_mentions: NOBODY }).catch((error) => {
          if (!isRefusedForGood(error)) throw error;
        });
      }
    },

    async deliver(ref: MessageRef, view: View, clip: Clip | undefined): Promise<void> {
      const brought = `brought:${view.renderId}`;
      const before = clip && (await notes.get(brought));
      if (before === DIRECTLY) return;
      // Only its mention is missing: the clip is not brought again for that.
      if (before !== undefined) return mention(ref, view);
      const came = clip ? await bring(ref, view, clip) : await edit(ref, view, drawStatus(view));
      const { home } = ref.details as Details;
      if (came === 'done') {
        if (clip) await notes.keep(brought, HERE);
        await mention(ref, view);
      }
      // Who took the message away wants no clip; but a token that has ended, or a right that was lost, is nobody's wish.
      else if (home === 'token' || came !== 'gone') await deliverElsewhere(ref, view, clip, came);
      else log.info({ renderId: view.renderId }, 'The message of a finished render was removed by somebody');
    },
  };
}
