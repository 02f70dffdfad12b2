// What a Discord service remembers: servers, channels, threads, messages, members, and what became of each interaction.
import { EventEmitter } from 'node:events';
import { ChannelType, PermissionFlagsBits } from 'discord.js';

export const APPLICATION_ID = '100000000000000001';
export const BOT_ID = '100000000000000002';
export const GUILD_ID = '200000000000000001';
export const ROLE_ID = '400000000000000001';
export const EPHEMERAL = 64;

export interface FakeMember {
  id: string;
  name: string;
  locale?: string;
  permissions?: bigint;
  roles?: string[];
}

export interface FakeChannel {
  id: string;
  type: ChannelType;
  name: string;
  guild: string | undefined;
  parent?: string;
  nsfw?: boolean;
  isArchived?: boolean;
  /** Of a thread: it takes neither messages nor edits. */
  isLocked?: boolean;
  /** What the bot may do there. */
  permissions: bigint;
  /** The member of a direct channel. */
  recipient?: string;
}

export interface FakeFile {
  id: string;
  name: string;
  bytes: Buffer;
  description?: string;
  contentType: string;
  flags?: number;
}

export interface FakeMessage {
  id: string;
  channel: string;
  content: string;
  files: FakeFile[];
  components: { components: { custom_id?: string; label?: string; disabled?: boolean }[] }[];
  flags: number;
  /** Whom it pinged when it was created. */
  pinged: string[];
  reference: string | undefined;
  nonce: string | undefined;
  /** The interaction that it answers; for ephemeral ones, only its member sees it. */
  interaction: string | undefined;
  isLoading: boolean;
  edits: { at: number; content: string }[];
}

export interface FakeInteraction {
  id: string;
  token: string;
  channel: string;
  member: FakeMember;
  sentAt: number;
  /** How long the bot took to acknowledge it, in milliseconds. */
  acknowledgedAfter: number | undefined;
  original: string | undefined;
  /** The message whose button was pressed. */
  source: string | undefined;
  modal: Record<string, unknown> | undefined;
  /** It is the sending of a form. */
  isForm: boolean;
  /** The app is the member's own there. */
  isForeign: boolean;
  followUps: number;
  endsAt: number;
}

export const EVERY_PERMISSION =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.CreatePublicThreads |
  PermissionFlagsBits.SendMessagesInThreads;

const DISCORD_EPOCH_MS = 1_420_070_400_000;

/**
 * Rules of Discord's that can be taken away, one by one: descriptions of files, one message for one nonce, a thread with its
 * message's id, one thread for a message, components, words and files of edits, files that an edit does not list, the size of
 * a file, who may be mentioned and who is, archives that refuse edits, deletions.
 */
export type Rule =
  | 'descriptions'
  | 'nonces'
  | 'thread-ids'
  | 'one-thread'
  | 'components'
  | 'edited-words'
  | 'edited-files'
  | 'unlisted-files'
  | 'sizes'
  | 'silence'
  | 'mentions'
  | 'archives'
  | 'deletions';

export type World = ReturnType<typeof createWorld>;

export function createWorld() {
  const changed = new EventEmitter();
  const channels = new Map<string, FakeChannel>();
  const messages = new Map<string, FakeMessage>();
  const interactions = new Map<string, FakeInteraction>();
  const uploads = new Map<string, FakeFile>();
  /** Members whom the bot shares no server with. */
  const strangers = new Set<string>();
  /** Servers that READY names and that never come. */
  const awayServers: string[] = [];
  /** How many sessions may begin at once; 1 for bots of fewer than 150,000 servers. */
  let maxConcurrency = 1;
  const broken = new Set<Rule>();
  /** In the server only its commands were installed, and not the bot. */
  let isWithoutBot = false;
  let increment = 0n;
  let boosts = 0;
  let ownSizeLimit: number | undefined;
  let commands: Record<string, unknown>[] = [];

  /** As Discord makes them: the time, then a number that grows. */
  const newId = (): string => {
    increment += 1n;
    return String((BigInt(Date.now() - DISCORD_EPOCH_MS) << 22n) | (increment & 0x3fffffn));
  };
  const addChannel = (channel: Omit<FakeChannel, 'id' | 'permissions'> & Partial<FakeChannel>): FakeChannel => {
    const added = { id: newId(), permissions: EVERY_PERMISSION, ...channel };
    channels.set(added.id, added);
    return added;
  };

  return {
    changed,
    channels,
    messages,
    interactions,
    uploads,
    /** By server. */
    serverCommands: new Map<string, Record<string, unknown>[]>(),
    strangers,
    awayServers,
    broken,
    newId,
    addChannel,

    get boosts() {
      return boosts;
    },
    set boosts(tier: number) {
      boosts = tier;
    },
    get maxConcurrency() {
      return maxConcurrency;
    },
    set maxConcurrency(count: number) {
      maxConcurrency = count;
    },
    get isWithoutBot() {
      return isWithoutBot;
    },
    set isWithoutBot(isIt: boolean) {
      isWithoutBot = isIt;
    },
    get commands() {
      return commands;
    },
    set commands(registered: Record<string, unknown>[]) {
      commands = registered;
    },

    /** Of one file, in bytes. */
    get sizeLimit(): number {
      if (ownSizeLimit !== undefined) return ownSizeLimit;
      return [10, 10, 50, 100].map((mebibytes) => mebibytes * 2 ** 20)[boosts] ?? 0;
    },

    set sizeLimit(bytes: number) {
      ownSizeLimit = bytes;
    },

    directChannelOf(member: string): FakeChannel {
      const known = [...channels.values()].find(({ recipient }) => recipient === member);
      return known ?? addChannel({ type: ChannelType.DM, name: 'direct', guild: undefined, recipient: member });
    },

    /** In the order in which they were posted. */
    messagesIn(channel: string): FakeMessage[] {
      return [...messages.values()].filter((message) => message.channel === channel);
    },

    tell(): void {
      changed.emit('change');
    },
  };
}
