// The seam between the bot and a chat service: what a platform gives us, and what it must do for us.
// Adapters carry transport only; wording lives in view.ts, decisions in bot.ts.
import type { Readable } from 'node:stream';
import type { Member, MessageRef, RenderResult } from '../render.ts';
import type { ParsedCommand } from './command.ts';
import type { Button, View } from './view.ts';

export type { Member, MessageRef } from '../render.ts';

/** The picture of a command: bytes as the member sent them, or the already accepted picture of an earlier render. */
export type CommandPicture = { bytes: Buffer; filename: string } | { ofRender: string };

/** One `/animate`, however it was given. `eventId` is the platform's own id for it: the same id twice is one render. */
export interface AnimateCommand {
  eventId: string;
  member: Member;
  /** The server or workspace that it was given in; undefined where there is none. */
  server?: string | undefined;
  /** What the member's chat client speaks, such as `de`; undefined is English. */
  language?: string | undefined;
  /** What was typed, with or without the leading `/animate`; or the options, where the service has a form for them. */
  text: string | ParsedCommand;
  picture: CommandPicture | undefined;
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
  server?: string | undefined;
  language?: string | undefined;
  /** The platform vouches that this member may use other members' buttons too. */
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
  'strikes',
  'words',
  'audit',
] as const;

/** The platform vouches that `by` is an admin. `subject` is a render's id, a worker's name or a member's id. */
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
  /** What `limits` is to change; without, it only shows them. 0 is no limit. */
  limits?: { atOnce?: number | undefined; perDay?: number | undefined };
  by: Member;
}

/** What the bot does when something happens on a platform. A thrown UserError is the sentence to show that member, privately. */
export interface Handlers {
  animate(command: AnimateCommand): Promise<{ renderId: string }>;
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
  /** What that render was asked for, for the form of its Edit button. */
  recall(press: Pick<ButtonPress, 'renderId' | 'member' | 'mayManage' | 'language'>): Promise<View['request']>;
}

/** A finished clip, ready to be handed over. `read` may be called more than once. */
export interface Clip {
  key: string;
  filename: string;
  result: RenderResult;
  read(): Promise<Readable>;
  /** The same clip in at most so many bytes; undefined where that would leave nothing worth watching. */
  shrink(maxBytes: number): Promise<Buffer | undefined>;
  /** An address that opens it for so long; undefined where the store has none. */
  link(seconds: number): Promise<string | undefined>;
}

/** A chat service. One adapter object serves one bot process. */
export interface Platform {
  readonly name: string;
  start(handlers: Handlers): Promise<void>;
  /** Shows a new state in the status message; a `deleted` view removes it. Progress is already throttled by the caller. */
  update(ref: MessageRef, view: View): Promise<void>;
  /** Puts the outcome (clip, apology or cancellation) in the status message. Doing it twice must look like once. */
  deliver(ref: MessageRef, view: View, clip: Clip | undefined): Promise<void>;
  stop(): Promise<void>;
}
