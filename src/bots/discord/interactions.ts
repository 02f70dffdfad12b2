// What happens when a member uses a command, a menu, a form or a button: an answer within Discord's three seconds, and the
// rest into the inbox, from where it is finished even if this process dies.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Attachment,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  DiscordAPIError,
  type Interaction,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  type UserContextMenuCommandInteraction,
} from 'discord.js';
import type { Logger } from '../../log.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import { type ParsedCommand, parseOptions, withOffer } from '../command.ts';
import { isExpected, Refusal } from '../faults.ts';
import { actOnFirst } from '../first-press.ts';
import { type Choice, type HeldCommands, heldEventId } from '../held-command.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import { requireSize } from '../picture-download.ts';
import {
  ADMIN_VERBS,
  type ButtonPress,
  type CommandPicture,
  type Handlers,
  type Member,
  type MessageRef,
  type Parcel,
} from '../platform.ts';
import { keepInTime, soon } from '../soon.ts';
import { ADMIN, ANIMATE, AVATAR_MENU, HELP, MENU } from './commands.ts';
import { ACCEPT, NOBODY, readChoice, readCustomId } from './drawing.ts';
import { ALREADY_ANSWERED, NO_LONGER_WAITING } from './error-codes.ts';
import { describeFault } from './faults.ts';
import { createEditForm, createPicturesForm, readForm, readFormId } from './forms.ts';
import { readLimits } from './limits-options.ts';
import { isRefusedForGood } from './messages.ts';
import { withNamesOf } from './names.ts';
import {
  canManage,
  isAgeRestricted,
  lackingForClips,
  type Origin,
  rolesOf,
  TOKEN_SECONDS,
  toOrigin,
  toPlace,
} from './origin.ts';
import { hasSpoiler, hasSpoilers, type MessagePicture, type PictureFinder } from './pictures.ts';

type RenderPicture = Extract<CommandPicture, { ofRender: string }>;

/** What is left to do for a command or a press that was acknowledged. */
export type Item =
  | { kind: 'animate'; origin: Origin; command: ParsedCommand; picture: MessagePicture | RenderPicture }
  | { kind: 'press'; origin: Origin; action: ButtonPress['action']; renderId: string; mayManage: boolean }
  /** The time is nearly over in which the message of a render can be changed. */
  | { kind: 'end'; origin: Origin; renderId: string; ref: MessageRef };

const LONGEST_MESSAGE = 2000;
const MAX_PARCEL_BYTES = 25 * 2 ** 20;
const ROOM_FOR_WORDS = 100 * 1024;
/** For so long Discord waits for an answer. */
const ANSWERED_WITHIN_MS = 3000;
const OTHERS_FIRST_MS = 500;
/** For so long nobody may know yet that the first press of two has begun its command. */
const SAME_CHOICE_MS = 10_000;
const CUT_WORDS = '\n… the rest: `animate-bot admin` in a shell, or the page.';

export interface InteractionsOptions {
  handlers: Handlers;
  inbox: Pick<Inbox<Item>, 'put' | 'drop'>;
  notes: Notes;
  pictures: PictureFinder;
  held: HeldCommands<Item>;
  /** Members and roles, by id, who may steer the bot. Without any it is those who manage the server. */
  admins: string[];
  ageRestrictedOnly: boolean;
  maxPictureBytes: number;
  /** A second press within this time is the same press. */
  samePressMs: number;
  log: Logger;
}

type Asking = ChatInputCommandInteraction | ModalSubmitInteraction;

export type Interactions = ReturnType<typeof createInteractions>;

export function createInteractions(options: InteractionsOptions) {
  const { handlers, inbox, notes, pictures, held, admins, ageRestrictedOnly, maxPictureBytes, samePressMs, log } =
    options;
  const underWay = new Set<Promise<void>>();
  /** From then on something is begun, whatever becomes of the acknowledgement. */
  const kept = new WeakSet<Interaction>();

  /** Puts an item into the inbox, and its token where only its message needs it. */
  const keep = async (interaction: Interaction, item: Item): Promise<void> => {
    const { interaction: id } = item.origin;
    const first = () => notes.put(`token:${id}`, interaction.token, TOKEN_SECONDS);
    await keepInTime({ notes, inbox, id, item, first });
    kept.add(interaction);
  };

  const isListed = (interaction: Interaction): boolean => {
    return [interaction.user.id, ...rolesOf(interaction)].some((id) => admins.includes(id));
  };

  const mayUseButtonsOfOthers = (interaction: Interaction): boolean => isListed(interaction) || canManage(interaction);

  /** What steers the bot steers it for every server that it is in. */
  const isAdmin = (interaction: Interaction): boolean =>
    admins.length > 0 ? isListed(interaction) : canManage(interaction);

  /** Throws the sentence for a place where nothing can be brought. */
  const requirePlace = (interaction: Interaction, words: Words, raw: unknown): void => {
    const { chat } = words;
    if (ageRestrictedOnly && interaction.inGuild() && !isAgeRestricted(interaction, raw)) {
      throw new Refusal(chat.ageRestrictedOnly);
    }
    const lacking = lackingForClips(interaction);
    if (lacking.length === 0) return;
    const names = lacking.map((name) => `**${name}**`).join(', ');
    throw new Refusal(canManage(interaction) ? chat.needsPermission(names) : chat.askAdmin(names));
  };

  /** Answers with the first state of the message, and leaves the rest to the inbox. */
  const accept = async (
    interaction: Asking,
    asked: { command: ParsedCommand; picture: MessagePicture | RenderPicture; isPrivate: boolean },
    raw: unknown,
  ): Promise<void> => {
    const { command, picture, isPrivate } = asked;
    const isSpoiler = 'ofRender' in picture ? hasSpoilers(messageIn(raw)) : picture.isSpoiler === true;
    const origin = toOrigin(interaction, { isPrivate, isSpoiler, raw });
    await keep(interaction, { kind: 'animate', origin, command, picture });
    await promise(interaction, isPrivate);
  };

  /** The first state of a message that is still to come. */
  const promise = async (interaction: Asking | ButtonInteraction, isPrivate: boolean): Promise<void> => {
    const { chat } = wordsOf(interaction.locale);
    await interaction.reply({
      content: `**${chat.onItsWay}** …`,
      allowedMentions: NOBODY,
      ...(isPrivate && { flags: MessageFlags.Ephemeral }),
    });
  };

  const onAnimate = async (interaction: ChatInputCommandInteraction, words: Words, raw: unknown): Promise<void> => {
    requirePlace(interaction, words, raw);
    const { options: given } = interaction;
    const attachment = given.getAttachment('picture', true);
    requireFitting(attachment);
    const picture = { ...toPicture(attachment), isOwn: true };
    const command = parseOptions({
      prompt: withNamesOf(given.getString('prompt', true), interaction, raw),
      negative: withNamesOf(given.getString('negative') ?? '', interaction, raw),
      resolution: given.getString('resolution') ?? undefined,
      seconds: given.getNumber('seconds')?.toString(),
      seed: given.getInteger('seed')?.toString(),
      quality: given.getString('quality') ?? undefined,
      fit: given.getString('fit') ?? undefined,
      frame: given.getString('frame') ?? undefined,
    });
    await accept(interaction, { command, picture, isPrivate: given.getBoolean('private') ?? false }, raw);
  };

  const toPicture = ({ url, name, flags }: Attachment): MessagePicture => ({
    ...{ url, name, isSpoiler: hasSpoiler(flags.bitfield, name) },
  });

  const requireFitting = ({ size = 0 }: { size?: number }): void => requireSize(size, maxPictureBytes, true);

  /** Asks for the words, and remembers which pictures they may be for. */
  const askFor = async (
    interaction: MessageContextMenuCommandInteraction | UserContextMenuCommandInteraction,
    pictures: MessagePicture[],
    words: Words,
  ): Promise<void> => {
    await soon(notes, () => notes.put(`pictures:${interaction.id}`, JSON.stringify(pictures), TOKEN_SECONDS)).inTime;
    await interaction.showModal(createPicturesForm(interaction.id, pictures, words));
  };

  const onMenu = async (
    interaction: MessageContextMenuCommandInteraction,
    words: Words,
    raw: unknown,
  ): Promise<void> => {
    requirePlace(interaction, words, raw);
    const message = resolvedIn(raw).messages?.[interaction.targetId];
    const found = pictures.ofMessage(message, words);
    const [first] = found;
    if (!first) throw new Refusal(words.discord.noPicture(`\`/${words.commands.animate.name}\``));
    const fitting = found.filter(({ size = 0 }) => size <= maxPictureBytes);
    if (fitting.length === 0) requireFitting(first);
    const isHidden = isForAdults(interaction, message) && !isAgeRestricted(interaction, raw);
    await askFor(interaction, isHidden ? fitting.map((each) => ({ ...each, isSpoiler: true })) : fitting, words);
  };

  const onAvatarMenu = async (
    interaction: UserContextMenuCommandInteraction,
    words: Words,
    raw: unknown,
  ): Promise<void> => {
    requirePlace(interaction, words, raw);
    const { targetId, guildId } = interaction;
    const { users, members } = resolvedIn(raw);
    const avatar = pictures.ofMember(users?.[targetId], members?.[targetId], guildId ?? undefined, words);
    if (!avatar) throw new Refusal(words.chat.expired);
    await askFor(interaction, [avatar], words);
  };

  /** What a render was asked for, for whoever may use its buttons. */
  const recall = (interaction: Interaction, renderId: string): ReturnType<Handlers['recall']> => {
    const { locale: language } = interaction;
    const asking = {
      ...{ renderId, member: memberOf(interaction), place: toPlace(interaction), language },
      mayManage: mayUseButtonsOfOthers(interaction),
    };
    return soon(notes, () => handlers.recall(asking)).inTime;
  };

  const onForm = async (interaction: ModalSubmitInteraction, words: Words, raw: unknown): Promise<void> => {
    const form = readFormId(interaction.customId);
    if (!form) throw new Refusal(words.chat.expired);
    const { command, picture } = readForm(interaction.fields, (text) => withNamesOf(text, interaction, raw));
    const isPrivate = isForMemberAlone(messageIn(raw));
    if (form.form === 'edit') {
      const picture = { ofRender: form.of, mayManage: mayUseButtonsOfOthers(interaction) };
      // Said at once where it is not theirs; it is looked at again when the picture is taken.
      await recall(interaction, form.of);
      return accept(interaction, { command, picture, isPrivate }, raw);
    }
    const kept = await soon(notes, () => notes.get(`pictures:${form.of}`)).inTime;
    const picked = kept === undefined ? undefined : (JSON.parse(kept) as MessagePicture[])[picture];
    if (!picked) throw new Refusal(words.chat.expired);
    await accept(interaction, { command, picture: picked, isPrivate }, raw);
  };

  const onAccept = async (interaction: ButtonInteraction): Promise<void> => {
    const { locale: language } = interaction;
    const content = await soon(notes, () => handlers.accept({ member: memberOf(interaction), language })).inTime;
    await interaction.reply({ content, flags: MessageFlags.Ephemeral, allowedMentions: NOBODY });
  };

  /** Begins a refused command again, with what its member chose. */
  const onChoice = async (
    interaction: ButtonInteraction,
    { choice, held: id }: { choice: Choice; held: string },
    words: Words,
  ): Promise<void> => {
    const item = await soon(notes, () => held.find(id)).inTime;
    if (!item || item.kind === 'end' || item.origin.member.id !== interaction.user.id) {
      throw new Refusal(words.chat.expired);
    }
    const event = heldEventId(id, choice);
    const isKnown = await soon(notes, () => handlers.isTaken(event)).inTime;
    const { locale: language } = interaction;
    const origin = { ...item.origin, interaction: interaction.id, event, language };
    const chosen = (): Item => {
      if (item.kind === 'press' || choice === 'ok') return { ...item, origin };
      return { ...item, origin, command: withOffer(item.command, choice) };
    };
    const begin = async (): Promise<void> => {
      if (choice === 'ok') await soon(notes, () => handlers.accept({ member: memberOf(interaction), language })).inTime;
      await keep(interaction, chosen());
    };
    const first = { name: `choice:${event}`, withinMs: SAME_CHOICE_MS };
    if (isKnown || !(await actOnFirst(notes, first, begin))) throw new Refusal(words.chat.alreadyPressed);
    if (item.kind === 'animate') return promise(interaction, origin.isPrivate);
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  };

  const onButton = async (interaction: ButtonInteraction, words: Words, raw: unknown): Promise<void> => {
    const chosen = readChoice(interaction.customId);
    if (chosen) return onChoice(interaction, chosen, words);
    const pressed = readCustomId(interaction.customId);
    if (!pressed) throw new Refusal(words.chat.expired);
    const { button, renderId } = pressed;
    const { user } = interaction;
    const mayManage = mayUseButtonsOfOthers(interaction);
    if (button === 'edit') {
      await interaction.showModal(createEditForm(renderId, await recall(interaction, renderId), words));
      return;
    }
    const press = `press:${button}:${renderId}:${user.id}`;
    const isPrivate = isForMemberAlone(messageIn(raw));
    const origin = toOrigin(interaction, { isPrivate, isSpoiler: hasSpoilers(messageIn(raw)), raw });
    const home = origin.home === 'thread' ? 'place' : origin.home;
    const item = { kind: 'press', origin: { ...origin, home }, action: button, renderId, mayManage } as const;
    const first = { name: press, withinMs: samePressMs };
    if (!(await actOnFirst(notes, first, () => keep(interaction, item)))) throw new Refusal(words.chat.alreadyPressed);
    // What is to be removed is the press's own message then, for its token to remove.
    if (button === 'delete') await interaction.deferUpdate();
    else await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  };

  const onAdmin = async (interaction: ChatInputCommandInteraction, words: Words): Promise<void> => {
    if (!isAdmin(interaction)) throw new Refusal(words.chat.notForYou);
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const { options: given } = interaction;
    const name = given.getSubcommand();
    const verb = ADMIN_VERBS.find((known) => known === name);
    if (!verb) throw new Refusal(words.chat.expired);
    const subject =
      given.getString('id') ?? given.getString('worker') ?? given.getString('engine') ?? given.getUser('member')?.id;
    const removed = given.getString('remove') ?? undefined;
    const answer = await handlers.administer({
      verb,
      subject,
      isUndone: given.getBoolean('undo') ?? given.getBoolean('clear') ?? removed !== undefined,
      server: given.getString('server') ?? undefined,
      hours: given.getInteger('hours') ?? undefined,
      entry: removed ?? given.getString('add') ?? undefined,
      limits: verb === 'limits' ? readLimits(given, interaction.guildId ?? undefined) : undefined,
      by: memberOf(interaction),
    });
    await interaction.editReply({ content: toFit(answer), allowedMentions: NOBODY });
  };

  /** In answers that the member alone sees, so that it does not matter whether they take direct messages. */
  const onExport = async (interaction: ChatInputCommandInteraction, words: Words): Promise<void> => {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const sent = async ({ files }: Parcel): Promise<void> => {
      const attached = files.map(({ name, bytes }) => ({ name, attachment: bytes }));
      await interaction.followUp({ files: attached, flags: MessageFlags.Ephemeral }).catch((error) => {
        throw isRefusedForGood(error) ? new Refusal(words.discord.filesRefused) : error;
      });
    };
    const asking = { member: memberOf(interaction), language: interaction.locale };
    const content = await handlers.sendKept({ ...asking, maxBytes: maxParcelOf(interaction), sent });
    await interaction.editReply({ content, allowedMentions: NOBODY });
  };

  const onHelp = async (interaction: ChatInputCommandInteraction, words: Words): Promise<void> => {
    if (interaction.options.getBoolean('delete_my_clips')) {
      await interaction.deferReply({ flags: MessageFlags.Ephemeral });
      const content = await handlers.forget({ member: memberOf(interaction), language: interaction.locale });
      return void (await interaction.editReply({ content, allowedMentions: NOBODY }));
    }
    if (interaction.options.getBoolean('send_my_data')) return onExport(interaction, words);
    const { animate, menu, help } = words.commands;
    const asking = { member: memberOf(interaction), place: toPlace(interaction), language: interaction.locale };
    // Without Redis there is help all the same.
    const left = await soon(notes, () => handlers.left(asking)).inTime.catch(() => '');
    const content = [words.chat.help({ animate: `\`/${animate.name}\``, menu, help: `\`/${help.name}\`` }), left]
      .filter(Boolean)
      .join('\n\n');
    await interaction.reply({ content, flags: MessageFlags.Ephemeral, allowedMentions: NOBODY });
  };

  const dispatch = async (interaction: Interaction, words: Words, raw: unknown): Promise<void> => {
    if (interaction.isChatInputCommand()) {
      if (interaction.commandName === ANIMATE) return onAnimate(interaction, words, raw);
      if (interaction.commandName === HELP) return onHelp(interaction, words);
      if (interaction.commandName === ADMIN) return onAdmin(interaction, words);
    }
    if (interaction.isMessageContextMenuCommand() && interaction.commandName === MENU)
      return onMenu(interaction, words, raw);
    if (interaction.isUserContextMenuCommand() && interaction.commandName === AVATAR_MENU)
      return onAvatarMenu(interaction, words, raw);
    if (interaction.isModalSubmit()) return onForm(interaction, words, raw);
    if (interaction.isButton() && interaction.customId === ACCEPT) return onAccept(interaction);
    if (interaction.isButton()) return onButton(interaction, words, raw);
    // What an older release had, which clients go on showing for a while.
    if (interaction.isCommand()) throw new Refusal(words.discord.unknownCommand(`\`/${words.commands.animate.name}\``));
    if (interaction.isMessageComponent()) throw new Refusal(words.chat.expired);
  };

  /**
   * Every bot with this token is told of every interaction: one of them answers. While Redis is away nobody knows which; the others,
   * to whom it may be there, go first, so that no member is told no beside a clip. Throws where Redis takes too long.
   */
  const isOurs = async ({ id }: Interaction): Promise<boolean> => {
    if (notes.isHere) return soon(notes, () => notes.claim(`answering:${id}`, ANSWERED_WITHIN_MS)).inTime;
    await sleep(OTHERS_FIRST_MS);
    return true;
  };

  const answer = async (interaction: Interaction, raw: unknown): Promise<void> => {
    const words = wordsOf(interaction.locale);
    try {
      if (await isOurs(interaction)) await dispatch(interaction, words, raw);
    } catch (error) {
      if (isAnsweredBefore(error)) {
        log.info({ interaction: interaction.id, code: error.code }, 'Discord no longer waits for this answer');
        return;
      }
      if (kept.has(interaction)) {
        log.warn({ err: error, interaction: interaction.id }, 'The acknowledgement of a command may not have arrived');
        return;
      }
      if (!isExpected(error)) log.error({ err: error, interaction: interaction.id }, 'A command could not be taken');
      if (!interaction.isRepliable()) return;
      const reply = { content: describeFault(error, words), allowedMentions: NOBODY };
      if (interaction.deferred || interaction.replied) await interaction.editReply(reply);
      else await interaction.reply({ ...reply, flags: MessageFlags.Ephemeral });
    }
  };

  return {
    /** Never rejects. */
    async take(interaction: Interaction, raw: unknown): Promise<void> {
      const answering = answer(interaction, raw).catch((error) =>
        log.warn({ err: error, interaction: interaction.id }, 'A command could not be answered in time'),
      );
      underWay.add(answering);
      await answering;
      underWay.delete(answering);
    },

    /** Resolves when everything that came has been answered. */
    async settled(): Promise<void> {
      await Promise.all(underWay);
    },
  };
}

/** Another bot with this token was first, an earlier try has arrived after all, or it took too long: a second answer is refused, too. */
function isAnsweredBefore(error: unknown): error is DiscordAPIError {
  return error instanceof DiscordAPIError && [ALREADY_ANSWERED, NO_LONGER_WAITING].includes(Number(error.code));
}

/** The request around the files counts, too. */
const maxParcelOf = ({ attachmentSizeLimit }: Interaction): number =>
  Math.min(attachmentSizeLimit, MAX_PARCEL_BYTES) - ROOM_FOR_WORDS;

const memberOf = ({ user }: Interaction): Member => ({ id: user.id, name: user.displayName });

interface Resolved {
  messages?: Record<string, unknown>;
  users?: Record<string, unknown>;
  members?: Record<string, unknown>;
}

const resolvedIn = (raw: unknown): Resolved =>
  (raw as { data?: { resolved?: Resolved | null } | null } | undefined)?.data?.resolved ?? {};

/** The message whose button was pressed, or whose form was sent. */
const messageIn = (raw: unknown): unknown => (raw as { message?: unknown } | undefined)?.message;

function isForMemberAlone(message: unknown): boolean {
  return (Number((message as { flags?: unknown } | undefined)?.flags) & MessageFlags.Ephemeral) !== 0;
}

/** A message that was forwarded from a channel that is for adults, as far as the bot knows that channel. */
function isForAdults({ client }: Interaction, message: unknown): boolean {
  const from = (message as { message_reference?: { channel_id?: unknown } | null } | undefined)?.message_reference;
  const channel = client.channels.cache.get(String(from?.channel_id));
  return channel !== undefined && 'nsfw' in channel && channel.nsfw === true;
}

/** Whole lines, as many as one message takes; the first have the verdict. */
function toFit(answer: string): string {
  if (answer.length <= LONGEST_MESSAGE) return answer;
  const cut = answer.slice(0, LONGEST_MESSAGE - CUT_WORDS.length);
  return `${cut.slice(0, Math.max(cut.lastIndexOf('\n'), 0) || undefined)}${CUT_WORDS}`;
}
