// What is kept of an interaction: who asked, from where, and how the bot can answer there. Plain JSON, without its token.
import {
  type BaseInteraction,
  ChannelType,
  InteractionContextType,
  PermissionFlagsBits,
  type PermissionsBitField,
} from 'discord.js';
import type { Member, Place } from '../platform.ts';

/**
 * How a status message is reached: `thread` in a thread of its own, `place` as the reply itself, both with the bot's own
 * token; `token` with the interaction's, which ends after 15 minutes.
 */
export type Home = 'thread' | 'place' | 'token';

export interface Origin {
  interaction: string;
  /** The event that it is, where that is not the interaction: a press that begins a refused command again. */
  event?: string;
  application: string;
  channel: string;
  member: Member;
  /** For the limits that hold there. */
  place: Place;
  language: string;
  home: Home;
  /** The bot itself is no member of the place: whether it may write to the member directly is not known. */
  isForeign: boolean;
  /** Only the member sees it. */
  isPrivate: boolean;
  /** In bytes, for one file in this place. */
  sizeLimit: number;
  /** What the bot lacks for a thread, where there could be one and the member can give it. */
  lacksForThread: string[];
  /** The message whose button was pressed. */
  message: string | undefined;
  /** The picture was hidden behind a click; so is what becomes of it. */
  isSpoiler: boolean;
  /** The place is for adults: what goes elsewhere is hidden there. */
  isAgeRestricted: boolean;
}

/** What is taken once, however often it comes. */
export const eventOf = ({ event, interaction }: Origin): string => event ?? interaction;

/** Interaction tokens end after 15 minutes; the last one is not counted on. */
export const TOKEN_SECONDS = 14 * 60;

const FOR_CLIPS = { ViewChannel: 'View Channel', AttachFiles: 'Attach Files' } as const;
const FOR_THREADS = {
  CreatePublicThreads: 'Create Public Threads',
  SendMessagesInThreads: 'Send Messages in Threads',
} as const;

/** Everything that the bot asks for when it is invited, by the names that Discord shows. */
export const PERMISSIONS = {
  ...FOR_CLIPS,
  SendMessages: 'Send Messages',
  ReadMessageHistory: 'Read Message History',
  ...FOR_THREADS,
} as const;

export function isInThread(interaction: BaseInteraction): boolean {
  return interaction.channel?.isThread() ?? false;
}

/**
 * Whether the bot itself is a member of this place. Its commands may be there without it: as the member's own app, or in a server
 * that installed them without the scope `bot`, where nobody can give it any permission.
 */
function isBotHere(interaction: BaseInteraction): boolean {
  if (interaction.context === InteractionContextType.BotDM) return true;
  const { guildId, authorizingIntegrationOwners: owners, client } = interaction;
  return guildId !== null && owners[0] !== undefined && client.guilds.cache.has(guildId);
}

function lacking(
  permissions: Readonly<PermissionsBitField>,
  wanted: Partial<Record<keyof typeof PermissionFlagsBits, string>>,
): string[] {
  const names = Object.entries(wanted) as [keyof typeof PermissionFlagsBits, string][];
  return names.filter(([flag]) => !permissions.has(PermissionFlagsBits[flag])).map(([, name]) => name);
}

/** What the bot needs here before it can bring a clip at all, by the names that Discord shows. */
export function lackingForClips(interaction: BaseInteraction): string[] {
  if (!interaction.inGuild() || !isBotHere(interaction)) return [];
  const { SendMessagesInThreads } = FOR_THREADS;
  return lacking(interaction.appPermissions, {
    ...FOR_CLIPS,
    ...(isInThread(interaction) ? { SendMessagesInThreads } : {}),
  });
}

export function canManage(interaction: BaseInteraction): boolean {
  return interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild) ?? false;
}

/** The roles that a member has there, by id. */
export function rolesOf({ member }: BaseInteraction): string[] {
  if (member === null || !('roles' in member)) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}

/** A thread counts for the channel that it is in. */
export function toPlace(interaction: BaseInteraction): Place {
  const { channel, channelId, guildId } = interaction;
  const parent = channel?.isThread() ? channel.parentId : null;
  return { channel: parent ?? channelId ?? undefined, server: guildId ?? undefined, roles: rolesOf(interaction) };
}

/** `raw` is the event: discord.js has no channel where the bot is not. */
export function isAgeRestricted({ channel }: BaseInteraction, raw: unknown): boolean {
  const known = channel?.isThread() ? channel.parent : channel;
  if (known !== null && known !== undefined && 'nsfw' in known) return known.nsfw === true;
  const told = (raw as { channel?: { nsfw?: unknown } | null } | undefined)?.channel;
  return told?.nsfw === true;
}

export function toOrigin(
  interaction: BaseInteraction,
  { isPrivate, isSpoiler, raw }: { isPrivate: boolean; isSpoiler: boolean; raw: unknown },
): Origin {
  const type = interaction.channel?.type;
  const couldThread =
    isBotHere(interaction) && (type === ChannelType.GuildText || type === ChannelType.GuildAnnouncement);
  const lacksForThread = couldThread ? lacking(interaction.appPermissions, FOR_THREADS) : [];
  const { user, member } = interaction;
  const name = member && 'displayName' in member ? member.displayName : user.displayName;
  return {
    interaction: interaction.id,
    application: interaction.applicationId,
    channel: interaction.channelId ?? '',
    member: { id: user.id, name },
    place: toPlace(interaction),
    language: interaction.locale,
    home: toHome(),
    isForeign: !isBotHere(interaction),
    isPrivate,
    sizeLimit: interaction.attachmentSizeLimit,
    lacksForThread: canManage(interaction) ? lacksForThread : [],
    message: interaction.isMessageComponent() ? interaction.message.id : undefined,
    isSpoiler,
    isAgeRestricted: isAgeRestricted(interaction, raw),
  };

  function toHome(): Home {
    if (isPrivate || !isBotHere(interaction)) return 'token';
    return couldThread && lacksForThread.length === 0 ? 'thread' : 'place';
  }
}
