// Which waiting render is next for the engines that are free here? Takes the first in line that one of them can hold, and
// only then: a render is never held by a worker whose engines are busy while another worker has a free one.
// The first in line is made a job, then it is struck off the line, then a job is taken: whoever dies in between leaves it in
// one of the two at least, and whoever finds it in both does no harm.
import { randomUUID } from 'node:crypto';
import { type Job, type Queue, QueueEvents, Worker } from 'bullmq';
import type { Claim, Pool } from '../gpu/pool.ts';
import type { Quality, Resolution } from '../render.ts';
import { addRender, openRendersQueue } from './jobs.ts';
import type { Line } from './line.ts';
import { rendersQueue } from './names.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

// A worker that was killed is noticed after this long, and its render goes to whoever rejoins or takes it.
const LOCK_MS = 10_000;
const RENEW_EVERY_MS = LOCK_MS / 3;
const STALLED_CHECK_MS = 5000;

/** Looking again at once helps where another worker was faster, and not where a queue is paused: that has time. */
const MOST_MISSES = 5;

/** Events tell of every render that comes; this is for those that were lost with a connection. */
const LOOK_EVERY_MS = 5000;

/** No engine is kept for a render that is in the line still. */
const NOT_BEGUN = '';

/** Thrown by `run` to put the render back in line as it was: it does not count as a try. */
export class PutBack extends Error {
  override readonly name = 'PutBack';
}

export interface DispatchOptions {
  redis: Redis;
  line: Line;
  /** What the engines here can hold. Renders of other sizes are left to others. */
  resolutions: readonly Resolution[];
  /** What their engine makes. */
  quality: Quality;
  pool: Pick<Pool, 'hasRoom' | 'claim' | 'onRoom'>;
  /** From the start on: a worker that is drained takes nothing, not even before it is first told so. */
  isHeld: boolean;
  /** How often a render may lose the worker that runs it. */
  mostLosses: number;
  /** Renders on the engine that was claimed, to the end. `cancelled` is aborted by `cancel`. */
  run(job: Job, claim: Claim, cancelled: AbortSignal): Promise<void>;
  onError(error: Error): void;
}

interface OpenLane {
  resolution: Resolution;
  queue: Queue;
  worker: Worker;
  events: QueueEvents;
}

export async function startDispatch(options: DispatchOptions) {
  const { resolutions, quality, line, pool, run, onError } = options;
  const running = new Map<string, { cancelling: AbortController; ended: Promise<void> }>();
  const lanes = await Promise.all(resolutions.map((resolution) => openLane(resolution, options)));
  let isStopping = false;
  let looking: Promise<void> | undefined;
  let isAskedAgain = false;
  let { isHeld } = options;

  /** Those that were with a worker before are next, the oldest first. */
  const lanesWithJobs = async (): Promise<OpenLane[]> => {
    const heads = await Promise.all(
      lanes.map(async (lane) => {
        const [job] = await lane.queue.getJobs(['waiting'], 0, 0, true);
        return { lane, job };
      }),
    );
    return heads
      .filter(({ lane, job }) => job?.id !== undefined && pool.hasRoom(job.id, lane.resolution))
      .sort((one, other) => (one.job?.timestamp ?? 0) - (other.job?.timestamp ?? 0))
      .map(({ lane }) => lane);
  };

  /** Makes a job of the first in line that there is an engine for. */
  const callNext = async (): Promise<OpenLane[]> => {
    const arePaused = await Promise.all(lanes.map(({ queue }) => queue.isPaused()));
    const open = lanes.filter(({ resolution }, index) => !arePaused[index] && pool.hasRoom(NOT_BEGUN, resolution));
    const next = await line.next(
      quality,
      open.map(({ resolution }) => resolution),
    );
    const lane = open.find(({ resolution }) => resolution === next?.resolution);
    if (!lane || !next || isStopping) return [];
    await addRender(lane.queue, next.id);
    await line.take({ resolution: lane.resolution, quality }, next.id);
    return [lane];
  };

  const takeOne = async (): Promise<'taken' | 'missed' | 'nothing'> => {
    const waiting = await lanesWithJobs();
    const open = waiting.length > 0 ? waiting : await callNext();
    for (const lane of open) {
      if (isStopping) return 'nothing';
      const token = randomUUID();
      const job = await lane.worker.getNextJob(token, { block: false });
      // Its queue is paused, or the head went to somebody else.
      if (!job) continue;
      const claim = isStopping ? undefined : pool.claim(job.id ?? '', lane.resolution);
      // The next one behind that head has to wait for another engine.
      if (!claim) await job.moveToWait(token);
      else begin(job, token, claim);
      return claim ? 'taken' : 'missed';
    }
    return open.length > 0 ? 'missed' : 'nothing';
  };

  const takeAll = async (): Promise<void> => {
    for (let misses = 0; misses < MOST_MISSES; ) {
      const outcome = await takeOne();
      if (outcome === 'nothing') return;
      misses = outcome === 'missed' ? misses + 1 : 0;
    }
  };

  const look = (): void => {
    isAskedAgain = true;
    if (looking || isStopping || isHeld) return;
    isAskedAgain = false;
    looking = takeAll().then(
      () => {
        looking = undefined;
        if (isAskedAgain) look();
      },
      (error) => {
        looking = undefined;
        onError(error);
      },
    );
  };

  const begin = (job: Job, token: string, claim: Claim): void => {
    const id = job.id ?? '';
    const cancelling = new AbortController();
    const renewing = setInterval(() => void job.extendLock(token, LOCK_MS).catch(onError), RENEW_EVERY_MS);
    const ending = async (): Promise<void> => {
      await using kept = claim;
      try {
        await run(job, kept, cancelling.signal);
        await job.moveToCompleted(undefined, token, false);
      } catch (error) {
        if (error instanceof PutBack) await job.moveToWait(token);
        else await job.moveToFailed(error as Error, token, false);
      }
    };
    const ended = ending()
      .catch(onError)
      .finally(() => {
        clearInterval(renewing);
        if (running.get(id)?.ended === ended) running.delete(id);
      });
    running.set(id, { cancelling, ended });
  };

  pool.onRoom(look);
  for (const { events, worker } of lanes) {
    events.on('waiting', look);
    events.on('resumed', look);
    await events.waitUntilReady();
    await worker.startStalledCheckTimer();
  }
  const stopWatching = await line.watch((what) => {
    if (what === 'joined') look();
  });
  const timer = setInterval(look, LOOK_EVERY_MS);
  look();

  return {
    /** The renders that run here now. */
    ids: (): string[] => [...running.keys()],

    cancel(id: string): void {
      running.get(id)?.cancelling.abort();
    },

    /** Takes no further render while held. */
    hold(isOn: boolean): void {
      if (isHeld === isOn) return;
      isHeld = isOn;
      look();
    },

    /** Takes no further render. Resolves when none is being taken. */
    async stop(): Promise<void> {
      isStopping = true;
      clearInterval(timer);
      stopWatching();
      await looking;
    },

    /** Resolves when every render that runs here has come to its end. */
    async settled(): Promise<void> {
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },

    async close(): Promise<void> {
      await Promise.all(lanes.flatMap(({ queue, worker, events }) => [queue.close(), worker.close(), events.close()]));
    },
  };
}

async function openLane(
  resolution: Resolution,
  { redis, quality, mostLosses, onError }: DispatchOptions,
): Promise<OpenLane> {
  const name = rendersQueue(resolution, quality);
  const connection = { connection: redis, prefix: KEY_PREFIX };
  const queue = openRendersQueue(redis, name);
  // Without a processor: it takes renders when it is told to.
  const worker = new Worker(name, null, {
    ...connection,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: mostLosses,
  });
  // From here on: by itself it would begin with the events that come after its first question, some time after now.
  const [latest] = await redis.xrevrange(queue.toKey('events'), '+', '-', 'COUNT', 1);
  const events = new QueueEvents(name, { ...connection, lastEventId: latest?.[0] ?? '0-0' });
  worker.on('error', onError);
  events.on('error', onError);
  return { resolution, queue, worker, events };
}
