// How often a message is redrawn in a chat service, which wants seconds between edits.
import type { View } from './view.ts';

const CHAT_REDRAW_MS = 3000;
const CHAT_REDRAW_IN_LONG_WAITS_MS = 15_000;
const LONG_WAIT_MS = 2 * 60_000;
/** A service counts the edits of all messages together: those in line have ten a second between them. */
const EACH_IN_LINE_MS = 100;

/** By what it shows now, and how many are followed. A countdown needs no edits: the longer the wait, the fewer. */
export function chatRedrawMs(view: View | undefined, followed: number, now = Date.now()): number {
  if (view?.kind !== 'waiting') return CHAT_REDRAW_MS;
  const leftMs = (view.readyAt ?? 0) - now;
  const ownMs = leftMs > LONG_WAIT_MS ? CHAT_REDRAW_IN_LONG_WAITS_MS : CHAT_REDRAW_MS;
  return Math.max(ownMs, followed * EACH_IN_LINE_MS);
}
