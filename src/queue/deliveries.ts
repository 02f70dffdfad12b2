// Handing outcomes to the platforms: a queue of its own, so that a chat service that is down never makes us render again.
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { deliveriesQueue } from './names.ts';
import type { Outcome, Records, RenderEntry } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

// Together these keep trying for about a day: longer than any outage of a chat service so far.
const MOST_ATTEMPTS = 300;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** A delivery takes seconds. */
const AGAIN_AFTER_MS = 2000;

// A bot that died in the middle of a delivery is noticed after this long.
const LOCK_MS = 5000;
const STALLED_CHECK_MS = 2500;

/**
 * `outcome`: for the first time. `removal`: the member deleted it, perhaps while its outcome was being brought. `again`: a message of
 * before the end came late and covers it.
 */
export type Errand = 'outcome' | 'removal' | 'again';

const FIRST_ERRANDS = ['outcome', 'removal'] as const;

const toJobId = (errand: Errand, renderId: string): string => `${errand}-${renderId}`;

interface DeliveryJob {
  renderId: string;
  errand: Errand;
}

export type Deliveries = ReturnType<typeof createDeliveries>;

/** The sending side, used wherever a render ends. */
export function createDeliveries(redis: Redis) {
  const queues = new Map<string, Queue>();
  const queueOf = (platform: string): Queue => {
    const known = queues.get(platform);
    if (known) return known;
    const queue = new Queue(deliveriesQueue(platform), { connection: redis, prefix: KEY_PREFIX });
    // Its connection is shared: whoever made that logs its errors.
    queue.on('error', () => undefined);
    queues.set(platform, queue);
    return queue;
  };

  return {
    /** Asks for a render's outcome to be handed over. Asking twice is one delivery. */
    async add(platform: string, renderId: string, errand: Errand = 'outcome'): Promise<void> {
      const data: DeliveryJob = { renderId, errand };
      await queueOf(platform).add('deliver', data, {
        jobId: toJobId(errand, renderId),
        attempts: MOST_ATTEMPTS,
        backoff: { type: 'custom' },
        removeOnComplete: true,
        removeOnFail: true,
      });
    },

    /** How many errands wait for a platform, for the first time or after a failure. */
    async waiting(platform: string): Promise<number> {
      const { waiting = 0, delayed = 0 } = await queueOf(platform).getJobCounts('waiting', 'delayed');
      return waiting + delayed;
    },

    async close(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

export interface DeliveryWorkerOptions {
  redis: Redis;
  records: Records;
  platform: string;
  /**
   * Hands one outcome over, and resolves to what was told. Called again with the same entry if this process dies before it is
   * marked as delivered.
   */
  deliver(entry: RenderEntry): Promise<Outcome | undefined>;
  /** Shows the words of an outcome that was delivered before. */
  showAgain(entry: RenderEntry): Promise<void>;
  /** What a member deleted is gone, wherever it was. */
  onRemoved(): Promise<void>;
  onError(error: Error, renderId: string | undefined): void;
}

/** The receiving side, in the bot that is on the platform. */
export function createDeliveryWorker(options: DeliveryWorkerOptions) {
  const { redis, records, platform, deliver, showAgain, onRemoved, onError } = options;
  const queue = new Queue(deliveriesQueue(platform), { connection: redis, prefix: KEY_PREFIX });
  queue.on('error', () => undefined); // The worker below tells of the same.
  /** Or was, a moment ago: what has been told since is looked at again. */
  const isBeingTold = async (renderId: string): Promise<boolean> => {
    const jobs = await Promise.all(FIRST_ERRANDS.map((errand) => queue.getJob(toJobId(errand, renderId))));
    return jobs.some((job) => job !== undefined) || (await records.get(renderId))?.isDelivered === true;
  };
  const handOver = async (job: Job<DeliveryJob>, token: string | undefined): Promise<void> => {
    const { renderId, errand } = job.data;
    const entry = await records.get(renderId);
    if (!entry?.outcome) return;
    if (errand === 'again') {
      if (entry.isDelivered) return showAgain(entry);
      // Where that was given up nothing covers anything.
      if (!(await isBeingTold(renderId))) return;
      // It is being told for the first time still.
      await job.moveToDelayed(Date.now() + AGAIN_AFTER_MS, token);
      throw new DelayedError();
    }
    if (entry.isDelivered) return;
    const told = await deliver(entry);
    if (told) await records.markDelivered(entry.record, told);
    if (told?.kind === 'deleted') await onRemoved();
  };

  const worker = new Worker<DeliveryJob>(deliveriesQueue(platform), handOver, {
    connection: redis,
    prefix: KEY_PREFIX,
    concurrency: 8,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    // A bot may be restarted any number of times in the middle of an upload.
    maxStalledCount: MOST_ATTEMPTS,
    settings: {
      backoffStrategy: (attempts) => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20)),
    },
  });
  worker.on('failed', (job, error) => onError(error, job?.data.renderId));
  worker.on('error', (error) => onError(error, undefined));

  return {
    async close(): Promise<void> {
      await worker.close();
      await queue.close();
    },
  };
}
