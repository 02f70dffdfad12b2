// Commands that were acknowledged but are not in line yet. A bot that dies in between finishes them in its next life, or
// another bot of the same platform does.
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import { inboxQueue } from './names.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** For so many tries a member waits; from then on a failure is told. */
const PATIENT_ATTEMPTS = 4;
// Whoever cannot even be told is told when their chat service is back: together these are about a day.
const MOST_ATTEMPTS = 3000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** What nobody let go is begun after this long: whoever put it there has died since. Longer than a Redis stalls. */
const HELD_MS = 20_000;

/** A bot that died in the middle of a command is noticed after this long. */
const LOCK_MS = 5000;
const STALLED_CHECK_MS = 2500;
/** A service sends an event again for minutes; by then nobody knows the item any more. */
const REFUSAL_KEPT_SECONDS = 3600;
const MOST_AT_ONCE = 16;
/** A bot may be restarted any number of times in the middle of a command. */
const MOST_RESTARTS = 100;

export type Inbox<Item> = ReturnType<typeof createInbox<Item>>;

/** The item came to nothing, and its member knows. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

export interface InboxHandler<Item> {
  /**
   * Called again with the same item if it throws, or if the process dies. `isLast`: whoever waits has waited long enough,
   * and is to be told. Throw `GivenUp` when they have been; anything else is tried again. `refused`: they were told no, and the
   * same event coming again makes nothing of it.
   */
  handle(item: Item, attempt: { isLast: boolean }): Promise<'refused' | undefined>;
  onError(error: Error): void;
}

/** Items are plain JSON, and hold no credential. */
export function createInbox<Item>(redis: Redis, platform: string) {
  const connection = { connection: redis, prefix: KEY_PREFIX };
  const queue = new Queue(inboxQueue(platform), connection);
  queue.on('error', () => undefined); // The shared connection's owner logs its errors.
  let worker: Worker | undefined;

  return {
    /**
     * Keeps an item until it is handled. The same id again is the same item. It is held at first, so that whoever put it there
     * too late can still take it out; the returned function lets it go. What nobody lets go is begun after `heldMs`.
     */
    async put(id: string, item: Item, heldMs = HELD_MS): Promise<() => Promise<void>> {
      const job = await queue.add('item', item, {
        // BullMQ refuses ids that are numbers.
        jobId: `i-${id}`,
        delay: heldMs,
        attempts: MOST_ATTEMPTS,
        backoff: { type: 'custom' },
        removeOnComplete: true,
        removeOnFail: true,
      });
      return async () => {
        // The same event came before, and its item was let go then.
        if (await job.isDelayed()) await job.promote();
      };
    },

    /** Takes an item out that nobody has begun. */
    async drop(id: string): Promise<void> {
      await queue.remove(`i-${id}`);
    },

    async work({ handle, onError }: InboxHandler<Item>): Promise<void> {
      const handleJob = async (job: Job): Promise<void> => {
        const refused = `${KEY_PREFIX}:refused:${platform}:${job.id}`;
        const keepRefusal = () => redis.set(refused, '1', 'EX', REFUSAL_KEPT_SECONDS);
        if (await redis.exists(refused)) return;
        try {
          const came = await handle(job.data as Item, { isLast: job.attemptsMade + 1 >= PATIENT_ATTEMPTS });
          if (came === 'refused') await keepRefusal();
        } catch (error) {
          if (!(error instanceof GivenUp)) throw error;
          await keepRefusal();
          throw Object.assign(new UnrecoverableError(error.message), { cause: error.cause });
        }
      };
      worker = new Worker(inboxQueue(platform), handleJob, {
        ...connection,
        concurrency: MOST_AT_ONCE,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: MOST_RESTARTS,
        settings: {
          backoffStrategy: (attempts) => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20)),
        },
      });
      worker.on('failed', (_job, error) => onError(error));
      worker.on('error', onError);
      await worker.waitUntilReady();
    },

    /** Finishes what it has begun. */
    async close(): Promise<void> {
      await worker?.close();
      await queue.close();
    },
  };
}
