// The bot's side of the queue: take a render in, say how it stands, cancel it, and tell when anything changed.
import { type Job, Queue, QueueEvents } from 'bullmq';
import { type MessageRef, type Progress, qualitySchema, resolutionSchema } from '../render.ts';
import type { Deliveries } from './deliveries.ts';
import { type Estimates, fractionDone, totalSeconds } from './estimates.ts';
import type { Limits } from './limits.ts';
import type { Line, Place } from './line.ts';
import { CANCELS_CHANNEL, cancelKey, rendersQueue } from './names.ts';
import type { Outcome, Records, RenderEntry, RenderRecord } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';
import type { Roster } from './roster.ts';

/** A render whose engine dies is tried on three engines in all. */
export const MOST_ATTEMPTS = 3;

const CANCEL_KEPT_SECONDS = 24 * 3600;

/** Counted for a render of a size that was never rendered before, so that the line still orders and sums. */
const UNKNOWN_RENDER_SECONDS = 30;

/** Finished jobs hold nothing that the records do not; a day of them helps whoever looks into the queue. */
const KEEP_FINISHED = { age: 24 * 3600, count: 10_000 };

/** What workers store as a job's progress: the engine's report and when it came, in milliseconds since the epoch. */
export type StoredProgress = Progress & { at: number };

/** How a render stands right now. Times are undefined until there are past renders of that size to learn from. */
export type RenderStatus =
  | {
      state: 'waiting';
      place: Place | undefined;
      /** How many workers are online, how many of them have a GPU and an engine that can make this render, and of those an engine that is loaded. */
      workers: { online: number; able: number; loaded: number };
      isRetry: boolean;
      secondsLeft: number | undefined;
    }
  | {
      state: 'rendering';
      progress: StoredProgress | undefined;
      fraction: number | undefined;
      secondsLeft: number | undefined;
    }
  | { state: 'ended'; outcome: Outcome };

/** What a cancel found. The outcome that it leads to is delivered like any other. */
export type CancelAnswer = 'unknown' | 'ended' | 'removed' | 'stopping';

export type RenderQueue = ReturnType<typeof createRenderQueue>;

export interface RenderQueueOptions {
  redis: Redis;
  records: Records;
  line: Line;
  estimates: Estimates;
  roster: Roster;
  deliveries: Deliveries;
  limits: Limits;
  now?: () => number;
}

export function createRenderQueue({
  redis,
  records,
  line,
  estimates,
  roster,
  deliveries,
  limits,
  now = Date.now,
}: RenderQueueOptions) {
  const lanes = resolutionSchema.options.flatMap((resolution) =>
    qualitySchema.options.map((quality) => ({ resolution, quality, name: rendersQueue(resolution, quality) })),
  );
  const queues = new Map(lanes.map(({ name }) => [name, openQueue(redis, name)]));
  const queueNamed = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new Error(`There is no queue ${name}`);
    return queue;
  };
  const queueOf = ({ request }: RenderRecord): Queue => queueNamed(rendersQueue(request.resolution, request.quality));

  const describeWaiting = async ({ record }: RenderEntry, job: Job | undefined): Promise<RenderStatus> => {
    const [place, stages, workers] = await Promise.all([
      line.place(record.id),
      estimates.estimate(record.request),
      roster.list(),
    ]);
    const { resolution, quality } = record.request;
    const able = workers.filter((worker) => worker.holds[resolution] > 0 && worker.quality === quality);
    const slots = able.reduce((sum, { holds }) => sum + holds[resolution], 0);
    const isEstimable = place !== undefined && stages !== undefined && slots > 0;
    const ownSeconds = stages ? totalSeconds(stages) : 0;
    return {
      state: 'waiting',
      place,
      workers: {
        online: workers.length,
        able: able.length,
        loaded: able.filter(({ loaded }) => loaded > 0).length,
      },
      isRetry: (job?.attemptsMade ?? 0) > 0,
      // Whoever is rendering now is half done on average.
      secondsLeft: isEstimable ? place.secondsAhead / slots + ownSeconds / 2 + ownSeconds : undefined,
    };
  };

  const describeRendering = async ({ record }: RenderEntry, job: Job): Promise<RenderStatus> => {
    const stages = await estimates.estimate(record.request);
    const progress = isStoredProgress(job.progress) ? job.progress : undefined;
    const fraction = progress && progress.stage !== 'loading' ? fractionDone(progress, stages) : undefined;
    const secondsSince = progress ? (now() - progress.at) / 1000 : 0;
    const secondsLeft =
      stages && fraction !== undefined ? Math.max(0, totalSeconds(stages) * (1 - fraction) - secondsSince) : undefined;
    return { state: 'rendering', progress, fraction, secondsLeft };
  };

  return {
    /** Stores a new render, before its message is posted. False if the same event came before. */
    async admit(record: RenderRecord): Promise<boolean> {
      return records.create(record);
    },

    /** Puts an admitted render in the line, once its message exists. Doing it twice is one job. */
    async enqueue(record: RenderRecord, ref: MessageRef): Promise<void> {
      await records.open(record.id, ref);
      const stages = await estimates.estimate(record.request);
      await line.join(record.id, stages ? totalSeconds(stages) : UNKNOWN_RENDER_SECONDS);
      await queueOf(record).add(
        'render',
        {},
        {
          jobId: record.id,
          attempts: MOST_ATTEMPTS,
          removeOnComplete: KEEP_FINISHED,
          removeOnFail: KEEP_FINISHED,
        },
      );
    },

    async find(id: string): Promise<RenderEntry | undefined> {
      return records.get(id);
    },

    async status(entry: RenderEntry): Promise<RenderStatus> {
      if (entry.outcome) return { state: 'ended', outcome: entry.outcome };
      const job = await queueOf(entry.record).getJob(entry.record.id);
      const isActive = job !== undefined && (await job.getState()) === 'active';
      return isActive ? describeRendering(entry, job) : describeWaiting(entry, job);
    },

    async cancel(id: string): Promise<CancelAnswer> {
      const entry = await records.get(id);
      if (!entry) return 'unknown';
      if (entry.outcome) return 'ended';
      await redis.set(cancelKey(id), '1', 'EX', CANCEL_KEPT_SECONDS);
      if (await removeWaiting(queueOf(entry.record), id)) {
        await line.leave(id);
        const seconds = (now() - entry.record.createdAt) / 1000;
        const outcome = await records.settle(id, { kind: 'cancelled', freed: 'not_started', seconds });
        await limits.giveBack(entry.record, outcome);
        await deliveries.add(entry.record.platform, id);
        return 'removed';
      }
      await redis.publish(CANCELS_CHANNEL, id);
      return 'stopping';
    },

    /**
     * After a restart: puts right what a bot that died left half done, and resolves to the renders that are still open.
     */
    async recover(platform: string): Promise<string[]> {
      const ids = await records.listOpen(platform);
      for (const id of ids) {
        const entry = await records.get(id);
        if (!entry?.ref) continue;
        if (entry.outcome) await deliveries.add(platform, id);
        else if (!(await queueOf(entry.record).getJob(id))) await this.enqueue(entry.record, entry.ref);
      }
      return ids;
    },

    /** Calls back whenever a render's status may have changed, and whenever the line moved. Stops with the returned function. */
    async watch(listener: {
      onChange(id: string): void;
      onLineMoved(): void;
      onError(error: Error): void;
    }): Promise<() => Promise<void>> {
      const changed = ({ jobId }: { jobId: string }) => listener.onChange(jobId);
      const movedOn = ({ jobId }: { jobId: string }) => {
        listener.onChange(jobId);
        listener.onLineMoved();
      };
      const watched = lanes.map(({ name }) => {
        const events = new QueueEvents(name, { connection: redis, prefix: KEY_PREFIX });
        events.on('progress', changed);
        events.on('waiting', changed);
        events.on('active', movedOn);
        events.on('removed', movedOn);
        events.on('error', (error) => listener.onError(error));
        return events;
      });
      await Promise.all(watched.map((events) => events.waitUntilReady()));
      return async () => void (await Promise.all(watched.map((events) => events.close())));
    },

    /** Of a render that has come to its end nothing stays here either. */
    async discard(record: RenderRecord): Promise<void> {
      await queueOf(record).remove(record.id);
    },

    /** Nothing further is started, on any worker, until `resume`. */
    async pause(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.pause()));
    },

    async resume(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.resume()));
    },

    /** By resolution and quality; `failed` of the last day, `oldestSeconds` is how long the one that waits longest has waited. */
    async counts() {
      return Promise.all(
        lanes.map(async ({ resolution, quality, name }) => {
          const queue = queueNamed(name);
          const [counts, [oldest], isPaused] = await Promise.all([
            queue.getJobCounts('waiting', 'active', 'failed'),
            queue.getJobs(['waiting'], 0, 0, true),
            queue.isPaused(),
          ]);
          const { waiting = 0, active = 0, failed = 0 } = counts;
          const oldestSeconds = oldest ? (now() - oldest.timestamp) / 1000 : 0;
          return { resolution, quality, waiting, active, failed, oldestSeconds, isPaused };
        }),
      );
    },

    async close(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function openQueue(redis: Redis, name: string): Queue {
  const queue = new Queue<object, void>(name, { connection: redis, prefix: KEY_PREFIX });
  queue.on('error', () => undefined); // The shared connection's owner logs its errors.
  return queue;
}

/** Takes a job out that no worker has begun. False if a worker holds it, or if it is gone already. */
async function removeWaiting(queue: Queue, id: string): Promise<boolean> {
  const removed = await queue.remove(id);
  return removed === 1;
}

function isStoredProgress(value: unknown): value is StoredProgress {
  return typeof value === 'object' && value !== null && 'stage' in value && 'at' in value;
}
