// What the server tells the page. Types only: both sides import them, neither gains code.
import type { Offer } from '../../errors.ts';
import type { Size } from '../../render.ts';
import type { View } from '../view.ts';

/** One command, and the thread under it. Absent fields are undefined on both sides, as JSON leaves them out. */
export interface ChannelMessage {
  id: string;
  /** Both are empty where the author has deleted it, and others have made something in its thread. `text` is as it was typed. */
  author: string;
  text: string;
  sentAt: number;
  replies: Reply[];
}

export interface Picture extends Partial<Size> {
  url: string;
}

/** The status message of one render. */
export interface Reply {
  id: string;
  sentAt: number;
  view: View;
  /** Each render has its own copy of the picture, so that deleting one leaves the others theirs. */
  picture?: Picture | undefined;
  /** What the clip measures or will measure, so that its place can be kept free. */
  size?: Size | undefined;
  /** The stages so far, oldest first. */
  stages: Stage[];
  clip?: ClipLink | undefined;
}

export interface Stage {
  label: string;
  startedAt: number;
}

export interface ClipLink extends Size {
  url: string;
  filename: string;
  isPreview: boolean;
}

export interface Channel {
  name: string;
  messages: ChannelMessage[];
  maxPictureBytes: number;
}

/** The body of every answer that is not a success. */
export interface Refusal {
  code: string;
  message: string;
  /** What the member can have instead; absent where there is nothing. */
  offers?: readonly Offer[] | undefined;
}

/** A browser that is logged in. */
export interface BrowserSession {
  createdAt: number;
  seenAt: number;
  /** It is the one that asks. */
  isThis: boolean;
}
