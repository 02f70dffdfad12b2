// Where the chat page of each bot is, for whoever asks in a terminal.
import { createPresence } from './presence.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

export interface PageEntry {
  address: string;
}

export function createPages(redis: Redis) {
  return createPresence<PageEntry>(redis, `${KEY_PREFIX}:pages`);
}
