// Tells the admins when something breaks and when it heals: once for a platform, however many bots are on it.
import type { Logger } from '../log.ts';
import type { AlertBook } from '../queue/alert-book.ts';
import { redisIsAway } from '../queue/faults.ts';
import type { Fault, Health } from '../queue/health.ts';

const LOOK_EVERY_MS = 15_000;

/** What heals by itself within this time is not worth a message: a worker that restarts, a connection that hiccups. */
const SETTLE_MS = 30_000;

export interface AlertsOptions {
  announce(sentence: string): Promise<void>;
  health(): Promise<Health>;
  book: AlertBook;
  log: Logger;
  lookEveryMs?: number;
  settleMs?: number;
  now?: () => number;
}

/** Watches until the returned function is called, which resolves once nothing is being said any more. */
export function startAlerts(options: AlertsOptions): () => Promise<void> {
  const { announce, health, book, log } = options;
  const { lookEveryMs = LOOK_EVERY_MS, settleMs = SETTLE_MS, now = Date.now } = options;
  let looking: Promise<void> | undefined;
  // Nobody can be asked who says it while Redis is away: then each bot speaks for itself.
  let awaySince: number | undefined;
  let isAwayTold = false;

  const tellOfRedis = async (isAway: boolean): Promise<void> => {
    if (isAway) {
      awaySince ??= now();
      if (isAwayTold || now() - awaySince < settleMs) return;
      await announce(toAlert(redisIsAway));
      isAwayTold = true;
      return;
    }
    awaySince = undefined;
    if (!isAwayTold) return;
    await announce(toRelief(redisIsAway.text));
    isAwayTold = false;
  };

  const tell = async (faults: Fault[]): Promise<void> => {
    const { broken, healed } = await book.compare(faults, settleMs);
    for (const fault of broken) {
      await book.renew();
      await announce(toAlert(fault));
      await book.markTold(fault);
    }
    for (const { code, text } of healed) {
      await book.renew();
      await announce(toRelief(text));
      await book.forget(code);
    }
  };

  const look = async (): Promise<void> => {
    const { faults, redis } = await health();
    await tellOfRedis(redis === undefined);
    if (redis === undefined || !(await book.claim())) return;
    try {
      await tell(faults.filter(({ severity }) => severity !== 'known'));
    } finally {
      await book.release(lookEveryMs / 2);
    }
  };

  const timer = setInterval(() => {
    looking ??= look()
      .catch((error) => log.warn({ err: error }, 'The admins could not be told how it goes; trying again'))
      .finally(() => {
        looking = undefined;
      });
  }, lookEveryMs);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

function toAlert({ severity, text }: Fault): string {
  return `${severity === 'broken' ? '🔴' : '🟠'} ${text}.`;
}

function toRelief(text: string): string {
  return `🟢 No more: ${text}.`;
}
