// Small things that are kept for a while: what a form was opened for, a token that ends in minutes, who pressed what.
import { randomUUID } from 'node:crypto';
import { KEY_PREFIX, type Redis } from './redis.ts';

export type Notes = ReturnType<typeof createNotes>;

/** `keepMs` is how long is known what concerns a render. */
export function createNotes(redis: Redis, owner: string, keepMs: number) {
  const keyOf = (name: string) => `${KEY_PREFIX}:notes:${owner}:${name}`;
  return {
    /** False while Redis is away: then commands wait for it, and a member should not. */
    get isHere(): boolean {
      return redis.status === 'ready';
    },

    async put(name: string, value: string, seconds: number): Promise<void> {
      await redis.set(keyOf(name), value, 'EX', seconds);
    },

    /** For as long as its render is known. */
    async keep(name: string, value: string): Promise<void> {
      await redis.set(keyOf(name), value, 'PX', keepMs);
    },

    async get(name: string): Promise<string | undefined> {
      return (await redis.get(keyOf(name))) ?? undefined;
    },

    /** What was claimed came to nothing: the next one may have it. */
    async release(name: string): Promise<void> {
      await redis.del(keyOf(name));
    },

    /** True for the first who asks for this name within the time. */
    async claim(name: string, milliseconds: number): Promise<boolean> {
      const mine = randomUUID();
      if ((await redis.set(keyOf(name), mine, 'PX', milliseconds, 'NX')) === 'OK') return true;
      // Where a connection is lost before the answer came, the client asks again, and finds what it has set itself.
      return (await redis.get(keyOf(name))) === mine;
    },
  };
}
