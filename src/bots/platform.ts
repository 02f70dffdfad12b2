// The seam between the bot and a chat service: what a platform gives us, and what it must do for us.
// Adapters carry transport only; wording lives in view.ts, decisions in taking.ts and buttons.ts.
import type { Readable } from 'node:stream';
import type { Health } from '../queue/health.ts';
import type { Rule, Scope } from '../queue/rules.ts';
import type { Member, MessageRef, Place, RenderResult } from '../render.ts';
import type { ParsedCommand } from './command.ts';
import type { Button, View } from './view.ts';

export type { Member, MessageRef, Place } from '../render.ts';

/**
 * The picture of a command: bytes as the member sent them, or the already accepted picture of an earlier render. `isOwn`: the
 * member uploaded the file with this very command, so that its name is theirs. `mayManage`: as of a ButtonPress.
 */
export type CommandPicture =
  | { bytes: Buffer; filename: string; isOwn?: boolean }
  | { ofRender: string; mayManage: boolean };

/** One `/animate`, however it was given. `eventId` is the platform's own id for it: the same id twice is one render. */
export interface AnimateCommand {
  eventId: string;
  /**
   * Which of the things asked for under this event it is, where there can be several: an edit of its message, or what a page sends,
   * which makes up the ids. What is refused counts against the member once for each.
   */
  attempt?: string | undefined;
  member: Member;
  /** What the member's chat client speaks, such as `de`; undefined is English. */
  language?: string | undefined;
  /** Where it was given, for the limits that hold there. */
  place?: Place | undefined;
  /** What was typed, with or without the leading `/animate`; or the options, where the service has a form for them. */
  text: string | ParsedCommand;
  /** A function where it has to be fetched first: that is called only while nothing is kept of the command yet. */
  picture: CommandPicture | (() => Promise<CommandPicture>) | undefined;
  /**
   * Posts the status message (and its thread) once the command is accepted, and says where it is.
   * Called again with the same command after a crash, it must find the message it already posted.
   */
  open(view: View): Promise<MessageRef>;
}

/** A button under a status message. */
export interface ButtonPress {
  eventId: string;
  action: Exclude<Button, 'edit'>;
  renderId: string;
  member: Member;
  language?: string | undefined;
  place?: Place | undefined;
  /** The platform vouches that this member may use other members' buttons too, in the server that `place` names. */
  mayManage: boolean;
  /** Posts the status message of the new render that `again`, `larger` and `extend` start. */
  open(view: View): Promise<MessageRef>;
}

/** What an admin can ask for, from any chat. */
export const ADMIN_VERBS = [
  'health',
  'queue',
  'workers',
  'job',
  'pause',
  'resume',
  'drain',
  'cancel',
  'block',
  'unblock',
  'limits',
  'retry',
  'unload',
  'quarantine',
  'strikes',
  'words',
  'audit',
] as const;

/** Whose limits `limits` shows, and what it changes first. */
export interface LimitsRequest {
  of: Scope;
  changes: Rule;
  /** Takes away what was set for them. */
  isReset: boolean;
  /** The latest changes, of all of them. */
  showsHistory: boolean;
}

/**
 * The platform vouches that `by` is an admin. `subject` is a render's id, a member's id or a worker's name; of a worker's
 * engine, `name/number`.
 */
export interface AdminRequest {
  verb: (typeof ADMIN_VERBS)[number];
  subject?: string | undefined;
  /** `drain` taken back, `strikes` cleared, an entry of `words` removed. */
  isUndone?: boolean;
  /** What `block` and `unblock` are about in the place of a member, by its id. */
  server?: string | undefined;
  /** How long a `block` holds; without, for good. */
  hours?: number | undefined;
  /** The entry that `words` adds or removes; without, it shows them all. Private. */
  entry?: string | undefined;
  limits?: LimitsRequest | undefined;
  by: Member;
}

/** What the bot does when something happens on a platform. A thrown UserError is the sentence to show that member, privately. */
export interface Handlers {
  /** What is thrown short of a UserError leaves it to be tried again with the same event. */
  animate(command: AnimateCommand): Promise<{ renderId: string }>;
  /** A render of this event, a command or a press, is kept: from now on it is tried until it is in line, and never given up. */
  isTaken(eventId: string): Promise<boolean>;
  /**
   * Runs `show` unless the render has ended. For platforms that hold an update back: by the time they make it, another bot may
   * have delivered the outcome. Where that happens meanwhile, the outcome is shown again.
   */
  whileUnderWay(renderId: string, show: () => Promise<void>): Promise<void>;
  /** Resolves to the sentence that tells the member what happened. */
  press(press: ButtonPress): Promise<string>;
  /** Resolves to lines of Markdown. Throws a UserError for a subject that is not there. */
  administer(request: AdminRequest): Promise<string>;
  /** A member's latest renders, the newest first, without those that they deleted. */
  recent(memberId: string): Promise<{ view: View; ref: MessageRef }[]>;
  /** The member accepts the text of `consent_missing`. Resolves to the sentence that says so. */
  accept(who: Pick<ButtonPress, 'member' | 'language'>): Promise<string>;
  /** Deletes all of a member's renders, wherever they are. Resolves to the sentence that says how many. */
  forget(who: Pick<ButtonPress, 'member' | 'language'>): Promise<string>;
  /** All that is kept of a member, for them to read and to take away. */
  kept(who: Pick<ButtonPress, 'member'>): Promise<Kept>;
  /**
   * Sends them the same in parcels, each awaited. Resolves to the sentence that says so. Throws a UserError for those who have
   * just had it.
   */
  sendKept(asked: KeptRequest): Promise<string>;
  /** The same as the verb `health`, for a platform that draws it. */
  health(): Promise<Health>;
  /** What that render was asked for, for the form of its Edit button. */
  recall(
    press: Pick<ButtonPress, 'renderId' | 'member' | 'mayManage' | 'place' | 'language'>,
  ): Promise<View['request']>;
  /** A line on what that member may still have today; empty where nothing is limited. */
  left(asking: Pick<AnimateCommand, 'member' | 'language' | 'place'>): Promise<string>;
}

/** `document` is plain JSON that says it all; `files` are the keys in the store of the pictures and clips that it names. */
export interface Kept {
  document: object;
  files: string[];
}

export interface KeptRequest extends Pick<ButtonPress, 'member' | 'language'> {
  /** What the service takes in one message, and for one file. */
  maxBytes: number;
  sent(parcel: Parcel): Promise<void>;
}

/** As much as one message takes. */
export interface Parcel {
  files: { name: string; bytes: Buffer }[];
}

/** A finished clip, ready to be handed over. `read` may be called more than once. */
export interface Clip {
  key: string;
  filename: string;
  result: RenderResult;
  read(): Promise<Readable>;
  /** The same clip in at most so many bytes; undefined where that would leave nothing worth watching. */
  shrink(maxBytes: number): Promise<Buffer | undefined>;
  /** An address that opens it, until when in milliseconds since the epoch; undefined where the store has none. */
  link(): Promise<{ address: string; endsAt: number } | undefined>;
}

/** A chat service. One adapter object serves one bot process. */
export interface Platform {
  readonly name: string;
  start(handlers: Handlers): Promise<void>;
  /**
   * Shows a new state in the status message; a `deleted` view removes it, an outcome's is shown with what `deliver` has brought.
   * Progress is already throttled by the caller.
   */
  update(ref: MessageRef, view: View): Promise<void>;
  /** Puts the outcome (clip, apology or cancellation) in the status message. Doing it twice must look like once. */
  deliver(ref: MessageRef, view: View, clip: Clip | undefined): Promise<void>;
  /**
   * Posts the status message of a member's command that was kept and is not sent again, or finds it. Left out where an inbox
   * keeps commands until they are in line.
   */
  openKept?(member: Member, view: View): Promise<MessageRef>;
  /** How the connection to the service is; one without this is always connected. */
  connection?(): Connection;
  /** Says a sentence where the admins read: what broke, and what healed. Left out where they have no such place. */
  announce?(sentence: string): Promise<void>;
  stop(): Promise<void>;
}

export interface Connection {
  isConnected: boolean;
  /** To the service and back; undefined where that is not known. */
  pingMs: number | undefined;
  /** What only the operator can mend, such as a token that the service refuses: the setting, and a sentence without a dot. */
  fault?: { setting: string; sentence: string };
}
