// What the admins of one platform were told of, so that its bots together tell each fault once, and its end once.
import type { Fault } from './health.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Longer than saying one thing takes: a bot that dies while it speaks is followed by another. */
const TELLING_MS = 3 * 60_000;

interface Noted {
  text: string;
  since: number;
  isTold: boolean;
}

export type AlertBook = ReturnType<typeof createAlertBook>;

export function createAlertBook(redis: Redis, platform: string, now: () => number = Date.now) {
  const notedKey = `${KEY_PREFIX}:alerts:${platform}`;
  const leaseKey = `${notedKey}:lease`;

  return {
    /** True for the one bot that may speak now, for as long as it says so by `renew`. */
    async claim(): Promise<boolean> {
      return (await redis.set(leaseKey, '1', 'PX', TELLING_MS, 'NX')) === 'OK';
    },

    async renew(): Promise<void> {
      await redis.pexpire(leaseKey, TELLING_MS);
    },

    /** The next one may speak after this time: more often nobody needs to look. */
    async release(afterMs: number): Promise<void> {
      await redis.pexpire(leaseKey, Math.max(1, afterMs));
    },

    /** Takes in what is broken now. Resolves to what has been so for `settleMs` and was not told, and to what was and is over. */
    async compare(
      faults: Fault[],
      settleMs: number,
    ): Promise<{ broken: Fault[]; healed: { code: string; text: string }[] }> {
      const noted = Object.entries(await redis.hgetall(notedKey)).map(
        ([code, note]) => [code, JSON.parse(note) as Noted] as const,
      );
      const before = new Map(noted);
      const broken: Fault[] = [];
      for (const fault of faults) {
        const { since = now(), isTold = false } = before.get(fault.code) ?? {};
        await note(fault, { since, isTold });
        if (!isTold && now() - since >= settleMs) broken.push(fault);
      }
      const over = noted.filter(([code]) => !faults.some((fault) => fault.code === code));
      const healed = over.filter(([, { isTold }]) => isTold).map(([code, { text }]) => ({ code, text }));
      for (const [code, { isTold }] of over) if (!isTold) await redis.hdel(notedKey, code);
      return { broken, healed };
    },

    async markTold(fault: Fault): Promise<void> {
      await note(fault, { since: now(), isTold: true });
    },

    async forget(code: string): Promise<void> {
      await redis.hdel(notedKey, code);
    },
  };

  async function note({ code, text }: Fault, { since, isTold }: Omit<Noted, 'text'>): Promise<void> {
    await redis.hset(notedKey, code, JSON.stringify({ text, since, isTold } satisfies Noted));
  }
}
