// Rate limits as Discord documents them: a bucket for each route and channel, one for the whole bot, and headers that say so.
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

interface Bucket {
  remaining: number;
  resetsAt: number;
}

export interface Allowance {
  requests: number;
  perMs: number;
}

/** One for each kind of route: libraries take what has one name for one allowance in each channel. */
const nameOf = (bucket: string): string =>
  createHash('md5')
    .update(bucket.replace(/\d{15,}/g, 'id'))
    .digest('hex');

const GLOBAL: Allowance = { requests: 50, perMs: 1000 };

export function createLimits(allowance: Allowance = { requests: 5, perMs: 5000 }) {
  const buckets = new Map<string, Bucket>();
  let refused = 0;

  const take = (key: string, { requests, perMs }: Allowance): Bucket & { isTaken: boolean } => {
    const now = Date.now();
    const known = buckets.get(key);
    const bucket = known && known.resetsAt > now ? known : { remaining: requests, resetsAt: now + perMs };
    buckets.set(key, bucket);
    const isTaken = bucket.remaining > 0;
    if (isTaken) bucket.remaining -= 1;
    return { ...bucket, isTaken };
  };

  return {
    get refused() {
      return refused;
    },

    /** True if the request may go on; otherwise it has been answered with 429. */
    allow(reply: FastifyReply, bucket: string, isGlobal: boolean): boolean {
      const whole = isGlobal ? take('global', GLOBAL) : undefined;
      const own = take(bucket, allowance);
      const resetAfter = Math.max(0, (own.resetsAt - Date.now()) / 1000);
      reply.headers({
        'x-ratelimit-limit': allowance.requests,
        'x-ratelimit-remaining': own.remaining,
        'x-ratelimit-reset': own.resetsAt / 1000,
        'x-ratelimit-reset-after': resetAfter.toFixed(3),
        'x-ratelimit-bucket': nameOf(bucket),
      });
      if (own.isTaken && whole?.isTaken !== false) return true;
      refused += 1;
      const isWhole = whole?.isTaken === false;
      const retryAfter = isWhole ? (whole.resetsAt - Date.now()) / 1000 : resetAfter;
      void reply
        .code(429)
        .headers({ 'retry-after': Math.ceil(retryAfter), 'x-ratelimit-scope': isWhole ? 'global' : 'user' })
        .headers(isWhole ? { 'x-ratelimit-global': 'true' } : {})
        .send({ message: 'You are being rate limited.', retry_after: retryAfter, global: isWhole });
      return false;
    },
  };
}
