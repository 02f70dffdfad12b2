// What a button in the channel can ask of the page around it.
import type { Attachment } from './send.ts';

export interface FeedActions {
  /** Puts an earlier command into the composer. */
  onEdit(text: string, attachment: Attachment): void;
  /** Says what came of a button. */
  onNotice(sentence: string): void;
}
