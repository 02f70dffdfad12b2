// The bot's side of the queue: take a render in, say how it stands, cancel it, and tell when anything changed.
import { type Job, type Queue, QueueEvents } from 'bullmq';
import { type MessageRef, type Progress, qualitySchema, resolutionSchema } from '../render.ts';
import type { Deliveries } from './deliveries.ts';
import { type Estimates, fractionDone, totalSeconds, workloadOf } from './estimates.ts';
import { openRendersQueue } from './jobs.ts';
import { type Asked, type Limits, memberKey } from './limits.ts';
import type { Lane, Line } from './line.ts';
import { CANCELS_CHANNEL, cancelKey, rendersQueue, UNLOADS_CHANNEL } from './names.ts';
import { type Outlook, type Slots, toOutlook } from './outlook.ts';
import type { Quarantine } from './quarantine.ts';
import type { Outcome, Records, RenderEntry, RenderRecord } from './records.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';
import type { Roster, WorkerEntry } from './roster.ts';

const CANCEL_KEPT_SECONDS = 24 * 3600;

/** After a restart so many renders are looked at side by side. */
const RECOVERED_AT_ONCE = 100;

/** What workers store as a job's progress: the engine's report and when it came, in milliseconds since the epoch. */
export type StoredProgress = Progress & { at: number };

/** How a render stands right now. Times are undefined until there are past renders of that size to learn from. */
export type RenderStatus =
  | {
      state: 'waiting';
      place: Pick<Outlook, 'position'> | undefined;
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

/** What a retry found. A failure that was not told yet is told first: nobody reads two outcomes in the wrong order. */
export type RetryAnswer = 'unknown' | 'not_failed' | 'not_told' | 'again';

export type RenderQueue = ReturnType<typeof createRenderQueue>;

export interface RenderQueueOptions {
  redis: Redis;
  records: Records;
  line: Line;
  estimates: Estimates;
  roster: Roster;
  deliveries: Deliveries;
  limits: Limits;
  quarantine: Quarantine;
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
  quarantine,
  now = Date.now,
}: RenderQueueOptions) {
  const lanes = resolutionSchema.options.flatMap((resolution) =>
    qualitySchema.options.map((quality) => ({ resolution, quality, name: rendersQueue(resolution, quality) })),
  );
  const queues = new Map(lanes.map(({ name }) => [name, openRendersQueue(redis, name)]));
  const queueNamed = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new Error(`There is no queue ${name}`);
    return queue;
  };
  const queueOf = ({ request }: RenderRecord): Queue => queueNamed(rendersQueue(request.resolution, request.quality));

  /** Undefined for a render that is not in the line: it is with a worker, or waits to be tried again. */
  const outlookOf = async ({ id, request }: RenderRecord, workers: WorkerEntry[]): Promise<Outlook | undefined> => {
    const ahead = await line.ahead(request, id);
    if (!ahead) return undefined;
    const seconds = await estimates.secondsOf([...ahead.own.keys(), ...ahead.others.keys()]);
    return toOutlook(ahead, request.resolution, slotsOf(workers, request), (workload) => seconds.get(workload) ?? 0);
  };

  const describeWaiting = async (entry: RenderEntry, job: Job | undefined): Promise<RenderStatus> => {
    const { record } = entry;
    const [stages, workers] = await Promise.all([estimates.estimate(record.request), roster.list()]);
    const place = await outlookOf(record, workers);
    const { resolution, quality } = record.request;
    const able = workers.filter((worker) => worker.holds[resolution] > 0 && worker.quality === quality);
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
      secondsLeft:
        stages && place?.secondsUntilStart !== undefined
          ? place.secondsUntilStart + ownSeconds / 2 + ownSeconds
          : undefined,
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

  const enqueue = async (record: RenderRecord, ref: MessageRef): Promise<void> => {
    const { id, request, weight = 1 } = record;
    const seconds = await estimates.expectedSeconds(request);
    if (!(await records.open(id, ref))) return putRight(id);
    await line.join(request, { id, member: memberKey(record), workload: workloadOf(request), seconds, weight });
  };

  const putRight = async (id: string): Promise<void> => {
    const entry = await records.get(id);
    if (!entry?.ref) return;
    const { record, ref, outcome, isDelivered } = entry;
    // Whoever ended it may have died before this; and it may have been counted once more since.
    if (outcome) await limits.giveBack(record, outcome);
    if (isDelivered) return;
    if (outcome) await deliveries.add(record.platform, id, outcome.kind === 'deleted' ? 'removal' : 'outcome');
    else if (!(await line.has(record.request, id)) && !(await queueOf(record).getJob(id))) await enqueue(record, ref);
  };

  return {
    /** Stores a new render, before its message is posted. False if the same event came before. */
    async admit(record: RenderRecord): Promise<boolean> {
      return records.create(record);
    },

    /** Puts an admitted render in the line, once its message exists. Doing it twice is one place. */
    enqueue,

    /** Whoever put it there may have died, or lost Redis, half way. Changes nothing where all is as it should be. */
    putRight,

    async find(id: string): Promise<RenderEntry | undefined> {
      return records.get(id);
    },

    /** How long until so many of those under way have ended, if they are like this one; undefined while no engine is there. */
    async secondsUntilEnded(request: Asked['request'], count: number): Promise<number | undefined> {
      const slots = slotsOf(await roster.list(), request)[request.resolution];
      return slots === 0 ? undefined : ((await estimates.expectedSeconds(request)) * count) / slots;
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
      await line.leave(entry.record.request, id);
      // Whoever is about to make a job of it finds that it has ended.
      if (await removeWaiting(queueOf(entry.record), id)) {
        const seconds = (now() - entry.record.createdAt) / 1000;
        const outcome = await records.settle(id, { kind: 'cancelled', freed: 'not_started', seconds });
        await limits.giveBack(entry.record, outcome);
        await deliveries.add(entry.record.platform, id);
        return 'removed';
      }
      await redis.publish(CANCELS_CHANNEL, id);
      return 'stopping';
    },

    /** Its member wants nothing of it to be left, whether it has ended or not. */
    async remove({ record, outcome }: RenderEntry): Promise<void> {
      if (!outcome) await this.cancel(record.id);
      await records.markDeleted(record);
      // While it is still known whose it was.
      await limits.giveBack(record, { kind: 'deleted' });
      await deliveries.add(record.platform, record.id, 'removal');
    },

    /** A message of before the end came late and may cover its outcome. */
    async tellAgain({ record }: RenderEntry): Promise<void> {
      await deliveries.add(record.platform, record.id, 'again');
    },

    /** Has a render that failed tried again, in its old message, with as many tries as a new one. */
    async retry(id: string): Promise<RetryAnswer> {
      const { record, ref, outcome, isDelivered } = (await records.get(id)) ?? {};
      if (!record || !ref) return 'unknown';
      if (outcome?.kind !== 'failed') return 'not_failed';
      if (!isDelivered) return 'not_told';
      await redis.del(cancelKey(id));
      // The finished job has its name; a crash from here on is made good by `recover`, or by asking again.
      await queueOf(record).remove(id);
      await quarantine.release(id);
      if (!(await records.reopen(id, record.platform))) return 'not_failed';
      await this.enqueue(record, ref);
      return 'again';
    },

    /** Asks a worker, by its id on the roster, to give the GPU of a slot free until the next render. */
    async unload(workerId: string, slot: number): Promise<void> {
      await redis.publish(UNLOADS_CHANNEL, `${workerId}/${slot}`);
    },

    /**
     * After a restart: puts right what a bot that died left half done, and resolves to the renders that are still open.
     */
    async recover(platform: string): Promise<string[]> {
      const ids = await records.listOpen(platform);
      for (let index = 0; index < ids.length; index += RECOVERED_AT_ONCE) {
        await Promise.all(ids.slice(index, index + RECOVERED_AT_ONCE).map((id) => putRight(id)));
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
        events.on('completed', changed);
        events.on('active', movedOn);
        events.on('removed', movedOn);
        events.on('error', (error) => listener.onError(error));
        return events;
      });
      await Promise.all(watched.map((events) => events.waitUntilReady()));
      const stopWatching = await line.watch(() => listener.onLineMoved());
      return async () => {
        stopWatching();
        await Promise.all(watched.map((events) => events.close()));
      };
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
        lanes.map(async (lane) => {
          const { resolution, quality } = lane;
          const queue = queueNamed(lane.name);
          const [inLine, counts, isPaused] = await Promise.all([
            line.waiting(lane),
            queue.getJobCounts('waiting', 'active', 'failed'),
            queue.isPaused(),
          ]);
          const { waiting = 0, active = 0, failed = 0 } = counts;
          const oldestSeconds = (now() - (inLine.oldestAt ?? now())) / 1000;
          return { resolution, quality, waiting: waiting + inLine.count, active, failed, oldestSeconds, isPaused };
        }),
      );
    },

    async close(): Promise<void> {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/** Those that are told to take no more do not count. */
function slotsOf(workers: WorkerEntry[], { quality }: Lane): Slots {
  const able = workers.filter((worker) => worker.quality === quality && !worker.isDraining);
  const sum = (resolution: Lane['resolution']) => able.reduce((total, { holds }) => total + holds[resolution], 0);
  return { '480p': sum('480p'), '720p': sum('720p') };
}

/** Takes a job out that no worker has begun. False if a worker holds it. */
async function removeWaiting(queue: Queue, id: string): Promise<boolean> {
  const removed = await queue.remove(id);
  return removed === 1;
}

function isStoredProgress(value: unknown): value is StoredProgress {
  return typeof value === 'object' && value !== null && 'stage' in value && 'at' in value;
}
