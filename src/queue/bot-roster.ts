// Which bots are there now, each on one platform, and how their connection to it is.
import { createPresence, type Seen } from './presence.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

export interface BotEntry extends Seen {
  host: string;
  platform: string;
  version: string;
  isConnected: boolean;
  /** To the service and back, where the platform measures it. */
  pingMs: number | undefined;
  /** What only the operator can mend of it. */
  fault?: { setting: string; sentence: string };
  /** When somebody did something there, in milliseconds since the epoch; undefined if nobody has since it started. */
  lastEventAt: number | undefined;
}

export type BotRoster = ReturnType<typeof createBotRoster>;

export function createBotRoster(redis: Redis, now: () => number = Date.now) {
  return createPresence<Omit<BotEntry, keyof Seen>>(redis, `${KEY_PREFIX}:bots`, now);
}
