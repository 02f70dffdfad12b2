// What people read: one render's state as words, numbers and buttons. No platform's markup; adapters draw it.
import type { RenderRequest } from '../render.ts';

export type Button = 'cancel' | 'again' | 'edit' | 'delete';

export interface Fact {
  label: string;
  value: string;
}

/** The state of one render, ready to be drawn. */
export interface View {
  renderId: string;
  kind: 'waiting' | 'rendering' | 'done' | 'failed' | 'cancelled' | 'deleted';
  /** One short line: "3rd in line", "Denoising, step 2 of 3", "Here is your clip". */
  headline: string;
  /** One more sentence where it helps: why it failed, what was freed by a cancel. Empty if there is nothing to add. */
  detail: string;
  /** 0 to 1 while rendering; undefined when no honest figure exists. */
  fraction: number | undefined;
  /** When the clip is expected, in milliseconds since the epoch; undefined until there are past renders to learn from. */
  readyAt: number | undefined;
  facts: Fact[];
  buttons: Button[];
  /** What was asked for: the words, and the options that a member may want to change. */
  request: Pick<RenderRequest, 'prompt' | 'negative' | 'resolution' | 'seconds' | 'seed'>;
}
