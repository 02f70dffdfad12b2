// `animate-bot probe`: for health checks of whoever runs the worker. Asks what everybody asks, the roster in Redis: a worker
// that hangs, or that Redis is out of reach for, is not on it.
import { hostname } from 'node:os';
import type { Config } from './config.ts';
import { connectRedis } from './queue/redis.ts';
import { createRoster } from './queue/roster.ts';

const ANSWER_WITHIN_MS = 5000;

export interface ProbeOptions {
  /** It is enough that the worker is online: its engine may be loading still. */
  alive: boolean;
}

/** Resolves to what is wrong with the worker of this name on this machine, or undefined. */
export async function probeWorker(
  { redisUrl, workerName }: Config,
  { alive }: ProbeOptions,
): Promise<string | undefined> {
  const redis = connectRedis(redisUrl ?? '', () => undefined);
  try {
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const silence = new Promise<undefined>((resolve) => timeout.addEventListener('abort', () => resolve(undefined)));
    const workers = await Promise.race([createRoster(redis).list(), silence]);
    if (!workers) return 'Redis does not answer.';
    const own = workers.find(({ host, name }) => host === hostname() && name === workerName);
    if (!own) return `The worker ${workerName} is not online.`;
    return alive || own.loaded > 0 ? undefined : 'No engine is loaded yet.';
  } finally {
    redis.disconnect();
  }
}
