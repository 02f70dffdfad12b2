// Which browsers may use the page, each by a secret of its own that only it keeps: here is its hash. In Redis, so that all bots know
// them, and that they can be ended.
import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;
const UNUSED_FOR_MS = 30 * DAY_MS;
export const LONGEST_SESSION_MS = 365 * DAY_MS;
/** Not with every request: each write goes to the disk. */
const SEEN_EVERY_MS = 60 * 1000;
/** Those beyond end the ones that were not used for the longest time. */
export const MAX_SESSIONS = 1000;
const ID_BYTES = 32;

/** One that was ended meanwhile does not come back by being seen. */
const TOUCH = `
if redis.call('hexists', KEYS[1], ARGV[1]) == 1 then redis.call('hset', KEYS[1], ARGV[1], ARGV[2]) end
`;

const keptSchema = z.object({
  memberId: z.string(),
  /** Of the token that it was opened with: with another token it is over. */
  openedWith: z.string(),
  createdAt: z.number(),
  seenAt: z.number(),
});

export interface Session extends z.infer<typeof keptSchema> {
  /** What it is known by here, which opens nothing. */
  name: string;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions({ redis, prefix, now }: { redis: Redis; prefix: string; now: () => number }) {
  const key = `${prefix}sessions`;

  const isOver = ({ createdAt, seenAt }: Session): boolean =>
    now() - seenAt > UNUSED_FOR_MS || now() - createdAt > LONGEST_SESSION_MS;

  const readAll = async (): Promise<Session[]> =>
    Object.entries(await redis.hgetall(key)).flatMap(([name, text]) => readKept(name, text) ?? []);

  const end = async (names: string[]): Promise<void> => {
    if (names.length > 0) await redis.hdel(key, ...names);
  };

  const makeRoom = async (): Promise<void> => {
    const all = await readAll();
    const living = all.filter((session) => !isOver(session)).sort((a, b) => b.seenAt - a.seenAt);
    const kept = new Set(living.slice(0, MAX_SESSIONS - 1));
    await end(all.filter((session) => !kept.has(session)).map(({ name }) => name));
  };

  return {
    /** Resolves to the secret for the browser. */
    async begin(memberId: string, openedWith: string): Promise<string> {
      await makeRoom();
      const id = randomBytes(ID_BYTES).toString('base64url');
      const kept = { memberId, openedWith, createdAt: now(), seenAt: now() };
      await redis.hset(key, nameOf(id), JSON.stringify(kept));
      return id;
    },

    async find(id: string | undefined, openedWith: string): Promise<Session | undefined> {
      if (id === undefined) return undefined;
      const name = nameOf(id);
      const session = readKept(name, await redis.hget(key, name));
      if (!session || session.openedWith !== openedWith || isOver(session)) return undefined;
      if (now() - session.seenAt > SEEN_EVERY_MS) {
        const { name: _, ...kept } = session;
        await redis.eval(TOUCH, 1, key, name, JSON.stringify({ ...kept, seenAt: now() }));
      }
      return session;
    },

    async list(openedWith: string): Promise<Session[]> {
      return (await readAll()).filter((session) => session.openedWith === openedWith && !isOver(session));
    },

    end,

    async endAll(): Promise<void> {
      await redis.del(key);
    },
  };
}

function readKept(name: string, text: string | null): Session | undefined {
  if (text === null) return undefined;
  return { name, ...keptSchema.parse(JSON.parse(text)) };
}

function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
