// How often a session may begin: Discord resets the token of a bot that begins 1,000 in a day.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../log.ts';

/** So many in a row are what an outage of Discord's costs. */
const FREE_SESSIONS = 4;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
/** Beginnings that are older say nothing of how it goes now. */
const REMEMBERED_MS = 2 * 3600 * 1000;

/** discord.js's own, which keeps the five seconds between two. */
export interface Throttler {
  waitForIdentify(shard: number, signal: AbortSignal): Promise<void>;
}

export interface ThrottlerOptions {
  inner: Throttler;
  log: Logger;
  now?: () => number;
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** How long a shard waits until its next session, which began these: its time of the last, and more with each. */
export function pauseBefore(beginnings: readonly number[], now: number): number {
  const recent = beginnings.filter((at) => now - at < REMEMBERED_MS);
  const last = recent.at(-1);
  if (last === undefined || recent.length < FREE_SESSIONS) return 0;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(recent.length - FREE_SESSIONS, 10));
  return Math.max(0, last + pause - now);
}

/** Sessions that end as soon as they begin are begun minutes apart. */
export function createPatientThrottler(options: ThrottlerOptions): Throttler {
  const { inner, log, now = Date.now } = options;
  const { wait = (milliseconds, signal) => sleep(milliseconds, undefined, { signal }) } = options;
  const beginnings = new Map<number, number[]>();

  return {
    async waitForIdentify(shard, signal) {
      const before = (beginnings.get(shard) ?? []).filter((at) => now() - at < REMEMBERED_MS);
      const pause = pauseBefore(before, now());
      if (pause > 0) {
        log.warn({ shard, pauseMs: pause, sessions: before.length }, 'Sessions with Discord keep ending; waiting');
        await wait(pause, signal);
      }
      await inner.waitForIdentify(shard, signal);
      beginnings.set(shard, [...before, now()]);
    },
  };
}
