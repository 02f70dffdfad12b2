// How often a message is redrawn in a chat service, which wants seconds between edits.
import type { View } from './view.ts';

const CHAT_REDRAW_MS = 3000;
const CHAT_REDRAW_IN_LONG_WAITS_MS = 15_000;
const LONG_WAIT_MS = 2 * 60_000;

/** By what it shows now. A countdown needs no edits: the longer the wait, the fewer. */
export function chatRedrawMs(view: View | undefined, now = Date.now()): number {
  if (view?.kind !== 'waiting') return CHAT_REDRAW_MS;
  const leftMs = (view.readyAt ?? 0) - now;
  return leftMs > LONG_WAIT_MS ? CHAT_REDRAW_IN_LONG_WAITS_MS : CHAT_REDRAW_MS;
}
