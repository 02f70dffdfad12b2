// What a Slack service remembers: workspaces and their tokens, channels, messages, files, views, triggers and response addresses.
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';

export const APP_ID = 'A0ANIMATE1';
export const BOT_ID = 'B0ANIMATE1';
export const BOT_USER_ID = 'U0ANIMATE1';
export const TEAM_ID = 'T0GARDEN01';

export interface FakeMember {
  id: string;
  name: string;
  locale?: string;
  isAdmin?: boolean;
  /** Of another workspace, from where Slack Connect brings them. */
  team?: string;
  /** Slack tells nothing of them, as of some strangers. */
  isHidden?: boolean;
  isDeactivated?: boolean;
}

export interface FakeTeam {
  id: string;
  name: string;
  domain: string;
  botId: string;
  botUserId: string;
  botToken: string;
  /** What a member's browser brings back from the installation page, once. */
  code: string;
  scopes: string[];
  isInstalled: boolean;
}

export type ChannelKind = 'public' | 'private' | 'direct' | 'group';

export interface FakeChannel {
  id: string;
  team: string;
  kind: ChannelKind;
  name: string;
  hasBot: boolean;
  /** With another organisation, by Slack Connect. */
  isShared: boolean;
  isArchived: boolean;
  /** Whoever posts in one of these threads is refused. */
  lockedThreads: string[];
  members: string[];
}

export interface Share {
  channel: string;
  ts: string;
  thread: string | undefined;
}

export interface FakeFile {
  id: string;
  team: string;
  name: string;
  title: string;
  mimetype: string;
  bytes: Buffer;
  user: string;
  altText: string | undefined;
  createdAt: number;
  shares: Share[];
  /** Between the request for an address and the end of the upload, a file is not there for anybody. */
  state: 'promised' | 'sent' | 'complete' | 'deleted';
  /** A member gave it to the bot in a form. */
  isGiven: boolean;
  /** Of Slack Connect: events say nothing of it but that files.info must be asked. */
  isForeign: boolean;
  /** Where it is kept if not by Slack: members also share links to other services as files. */
  address: string | undefined;
}

export type Json = Record<string, unknown>;

export interface FakeMessage {
  ts: string;
  channel: string;
  thread: string | undefined;
  user: string;
  isFromBot: boolean;
  subtype: string | undefined;
  text: string;
  blocks: Json[];
  metadata: Json | undefined;
  files: FakeFile[];
  reactions: string[];
  edits: { at: number; text: string }[];
}

export interface Ephemeral {
  ts: string;
  to: string;
  channel: string;
  thread: string | undefined;
  text: string;
  blocks: Json[];
  via: 'chat.postEphemeral' | 'response_url' | 'acknowledgement';
  /** Slack took it and shows it to nobody. */
  isHidden: boolean;
}

export interface FakeView {
  id: string;
  team: string;
  type: 'modal' | 'home';
  member: string;
  hash: string;
  /** As the bot sent it. */
  json: Json & { blocks: Json[] };
  /** What its member has entered so far, by block and action. */
  state: Record<string, Record<string, Json>>;
  rootId: string;
  previousId: string | undefined;
  trigger: string | undefined;
  isOpen: boolean;
  updates: number;
}

/** Something that the bot is told of: an event, a command, a press, a form. */
export interface FakeEvent {
  /** The event's own id, which stays the same when it is told again. */
  id: string;
  type: 'events_api' | 'slash_commands' | 'interactive';
  team: string;
  payload: Json;
  member: string;
  channel: string | undefined;
  trigger: string | undefined;
  /** The message that a member wrote, where there is one. */
  message: FakeMessage | undefined;
  sentAt: number;
  deliveries: number;
  /** How long the bot took to acknowledge it, in milliseconds. */
  acknowledgedAfter: number | undefined;
  /** What it acknowledged it with. */
  response: Json | undefined;
}

export interface Trigger {
  id: string;
  team: string;
  member: string;
  sentAt: number;
  isUsed: boolean;
  view: string | undefined;
}

export interface ResponseAddress {
  id: string;
  member: string;
  channel: string;
  message: FakeMessage | Ephemeral | undefined;
  endsAt: number;
  uses: number;
}

/**
 * Rules of Slack's that can be taken away, one by one: one message for one client_msg_id, replies in their thread, blocks, words
 * of edits, shares in the thread that was named, descriptions of files, deletions of messages and of files.
 */
export type Rule =
  | 'client-msg-ids'
  | 'threads'
  | 'blocks'
  | 'edited-words'
  | 'share-threads'
  | 'descriptions'
  | 'deletions'
  | 'file-deletions';

export type World = ReturnType<typeof createWorld>;

const RESPONSE_MS = 30 * 60_000;

export function createWorld() {
  const changed = new EventEmitter();
  changed.setMaxListeners(0);
  const teams = new Map<string, FakeTeam>();
  const members = new Map<string, FakeMember>();
  const channels = new Map<string, FakeChannel>();
  const messages = new Map<string, FakeMessage>();
  const files = new Map<string, FakeFile>();
  const views = new Map<string, FakeView>();
  const homes = new Map<string, FakeView>();
  const triggers = new Map<string, Trigger>();
  const responseAddresses = new Map<string, ResponseAddress>();
  const ephemerals: Ephemeral[] = [];
  /** The ts of a message by its channel and the id that the bot gave it: the same id again is the same message. */
  const posted = new Map<string, string>();
  const events: FakeEvent[] = [];
  /** Members of user groups, by the group's id. */
  const groups = new Map<string, string[]>();
  const broken = new Set<Rule>();
  let lastMicroseconds = 0;

  const newId = (prefix: string): string => prefix + randomBytes(5).toString('hex').toUpperCase();
  /** As Slack makes them: the time in seconds, and so unique in its channel. */
  const newTs = (): string => {
    lastMicroseconds = Math.max(lastMicroseconds + 1, Date.now() * 1000);
    return `${Math.floor(lastMicroseconds / 1e6)}.${String(lastMicroseconds % 1e6).padStart(6, '0')}`;
  };
  const keyOf = (channel: string, ts: string): string => `${channel}/${ts}`;

  const addChannel = (
    given: Partial<Omit<FakeChannel, 'id'>> & { kind: ChannelKind; hasBot: boolean },
  ): FakeChannel => {
    const prefix = given.kind === 'direct' ? 'D' : given.kind === 'group' ? 'G' : 'C';
    const channel: FakeChannel = {
      ...{ id: newId(prefix), team: TEAM_ID, name: `a-${given.kind}-channel`, isShared: false, isArchived: false },
      lockedThreads: [],
      ...{ members: [...members.keys()], ...given },
    };
    channels.set(channel.id, channel);
    return channel;
  };

  return {
    changed,
    teams,
    members,
    channels,
    messages,
    files,
    views,
    homes,
    triggers,
    responseAddresses,
    ephemerals,
    posted,
    events,
    groups,
    broken,
    newId,
    newTs,
    addChannel,

    directChannelOf(member: string, team = TEAM_ID): FakeChannel {
      const known = [...channels.values()].find(
        ({ kind, hasBot, members: [only], team: of }) => kind === 'direct' && hasBot && only === member && of === team,
      );
      return known ?? addChannel({ kind: 'direct', hasBot: true, name: 'direct', members: [member], team });
    },

    message: (channel: string, ts: string) => messages.get(keyOf(channel, ts)),

    keep(message: FakeMessage): FakeMessage {
      messages.set(keyOf(message.channel, message.ts), message);
      changed.emit('change');
      return message;
    },

    remove({ channel, ts }: FakeMessage): void {
      messages.delete(keyOf(channel, ts));
      changed.emit('change');
    },

    /** In the order in which they were posted: what is in a channel itself, or the replies in one thread of it. */
    messagesIn(channel: string, thread?: string): FakeMessage[] {
      return [...messages.values()].filter((message) => message.channel === channel && message.thread === thread);
    },

    newTrigger(member: string, team: string, view?: string): string {
      const id = `${Date.now()}.${randomBytes(4).readUInt32BE()}.${randomBytes(16).toString('hex')}`;
      triggers.set(id, { id, member, team, sentAt: Date.now(), isUsed: false, view });
      return id;
    },

    newResponseAddress(given: Pick<ResponseAddress, 'member' | 'channel' | 'message'>): string {
      const id = randomUUID();
      responseAddresses.set(id, { id, ...given, endsAt: Date.now() + RESPONSE_MS, uses: 0 });
      return id;
    },

    /** An ephemeral message in a thread is shown only where that thread exists: https://docs.slack.dev/reference/methods/chat.postEphemeral */
    showAlone(given: Omit<Ephemeral, 'isHidden'>): void {
      const { channel, thread } = given;
      const isThere =
        thread === undefined ||
        messages.get(keyOf(channel, thread))?.thread !== undefined ||
        [...messages.values()].some((message) => message.channel === channel && message.thread === thread);
      ephemerals.push({ ...given, isHidden: !isThere });
      changed.emit('change');
    },

    tell(): void {
      changed.emit('change');
    },
  };
}
