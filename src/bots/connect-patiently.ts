// Waits for a chat service that is away, for as long as it is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

export interface Patience<Connected> {
  /** As its members call it. */
  service: string;
  attempt(): Promise<Connected>;
  /** The error to end with where trying again mends nothing. */
  toLastFault(error: unknown): Error | undefined;
  log: Logger;
  /** Ends the waiting. */
  signal: AbortSignal;
}

export async function connectPatiently<Connected>(patience: Patience<Connected>): Promise<Connected> {
  const { service, attempt, toLastFault, log, signal } = patience;
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const last = toLastFault(error);
      if (last) throw last;
      log.warn({ err: error, retryInMs: delayMs }, `${service} cannot be reached; trying again`);
      await sleep(delayMs, undefined, { signal });
    }
  }
}
