// Takes renders off the queue, has them rendered on a lent engine, stores the clip and asks for its delivery.
// The processor may die at any line and run again: every step finds what an earlier life has done.
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { OperationError } from '../errors.ts';
import type { Claim, Lease, Pool } from '../gpu/pool.ts';
import { RenderCancelled, runRender } from '../gpu/run.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import { type RenderResult, resolutionSchema } from '../render.ts';
import type { Deliveries } from './deliveries.ts';
import { PutBack, startDispatch } from './dispatch.ts';
import type { Estimates } from './estimates.ts';
import type { Limits } from './limits.ts';
import type { Line } from './line.ts';
import { CANCELS_CHANNEL, cancelKey } from './names.ts';
import type { StoredProgress } from './queue.ts';
import type { Outcome, Records, RenderEntry } from './records.ts';
import type { Redis } from './redis.ts';
import type { Roster, WorkerEntry } from './roster.ts';

/** Restarts of workers are not the render's fault, but one that takes its worker down each time must end. */
const MOST_STARTS = 8;

export interface RenderWorkerOptions {
  redis: Redis;
  records: Records;
  line: Line;
  estimates: Estimates;
  roster: Roster;
  deliveries: Deliveries;
  limits: Limits;
  pool: Pool;
  store: Store;
  /** What is told of it on the roster. */
  describe: () => Pick<WorkerEntry, 'name' | 'engine' | 'slots' | 'loaded' | 'holds' | 'quality' | 'launched'>;
  silenceMs: number;
  /** How long renders under way may go on when the worker is told to stop. */
  drainMs: number;
  log: Logger;
  now?: () => number;
}

export type RenderWorker = Awaited<ReturnType<typeof startRenderWorker>>;

export async function startRenderWorker(options: RenderWorkerOptions) {
  const {
    redis,
    records,
    line,
    estimates,
    roster,
    deliveries,
    limits,
    pool,
    store,
    describe,
    silenceMs,
    drainMs,
    now = Date.now,
  } = options;
  // First no further render is begun; later those under way are left.
  const leaving = new AbortController();
  const stopping = new AbortController();
  const stopReason = new OperationError('engine_not_ready', 'The worker is stopping.');
  const active = new Map<string, Promise<void>>();

  const secondsSince = (entry: RenderEntry): number => (now() - entry.record.createdAt) / 1000;

  const settle = async (entry: RenderEntry, outcome: Outcome): Promise<Outcome> => {
    const { id, platform } = entry.record;
    const standing = await records.settle(id, outcome);
    await line.leave(entry.record.request, id);
    await limits.giveBack(entry.record, standing);
    await deliveries.add(platform, id);
    return standing;
  };

  const render = async (lease: Lease, job: Job, entry: RenderEntry, cancelled: AbortSignal): Promise<RenderResult> => {
    const { record } = entry;
    const { request } = record;
    const image = `${record.id}.png`;
    await placeInput(store, request.image, join(lease.engine.inputsFolder, image));
    const { prompt, negative, width, height, frames, seed } = request;
    let storing = Promise.resolve();
    const result = await runRender(lease, {
      id: record.id,
      body: { image, prompt, negative, width, height, frames, seed },
      // In order, and never holding the engine's events up.
      onProgress: (progress) => {
        const stored: StoredProgress = { ...progress, at: now() };
        storing = storing.then(() => job.updateProgress(stored)).catch(() => undefined);
      },
      cancelled,
      abandoned: stopping.signal,
      silenceMs,
    });
    await storing;
    return result;
  };

  const renderAndKeep = async (
    job: Job,
    entry: RenderEntry,
    claim: Claim,
    cancelled: AbortSignal,
  ): Promise<Outcome> => {
    const { id } = entry.record;
    const { result, engineSeconds, leftovers, output } = await renderOnEngine(job, entry, claim, cancelled);
    const clip = `clips/${id}.mp4`;
    await store.write(clip, { file: output });
    const outcome = await settle(entry, { kind: 'done', clip, result, seconds: secondsSince(entry), engineSeconds });
    if (outcome.kind !== 'done') await store.remove(clip);
    await estimates.learn(result, entry.record.request.quality);
    // Only now: until the outcome is known to Redis, another life of this job finds the finished clip with the engine.
    await Promise.all(leftovers.map((file) => rm(file, { force: true })));
    return outcome;
  };

  /** Holds the engine for the render alone: storing the clip must not keep the next member waiting. */
  const renderOnEngine = async (job: Job, entry: RenderEntry, claim: Claim, cancelled: AbortSignal) => {
    const { id } = entry.record;
    if (claim.isAsleep) await job.updateProgress({ stage: 'loading', elapsed: 0, at: now() });
    await using lease = await claim.lease(AbortSignal.any([cancelled, leaving.signal]));
    const started = now();
    const result = await render(lease, job, entry, cancelled);
    const output = join(lease.engine.outputsFolder, `${id}.mp4`);
    return {
      result,
      engineSeconds: (now() - started) / 1000,
      output,
      leftovers: [output, join(lease.engine.inputsFolder, `${id}.png`)],
    };
  };

  const toOutcome = (error: unknown, job: Job, entry: RenderEntry, cancelled: AbortSignal): Outcome | undefined => {
    const seconds = secondsSince(entry);
    if (error instanceof RenderCancelled) {
      const freed = error.freed === 'recycling' ? 'recycling' : 'released';
      const engineSeconds = (now() - (job.processedOn ?? now())) / 1000;
      return { kind: 'cancelled', freed, seconds, engineSeconds };
    }
    if (cancelled.aborted) return { kind: 'cancelled', freed: 'not_started', seconds };
    const isLastAttempt = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const isFinal = error instanceof OperationError && !error.isRetryable;
    if (!isFinal && !isLastAttempt) return undefined;
    const code = error instanceof OperationError ? error.code : 'render_failed';
    const message = error instanceof OperationError ? error.message : 'Something went wrong that is not your fault.';
    return { kind: 'failed', code, message, seconds };
  };

  const attempt = async (
    job: Job,
    entry: RenderEntry,
    claim: Claim,
    cancelled: AbortSignal,
    log: Logger,
  ): Promise<void> => {
    const memberId = entry.record.member.id;
    if (job.attemptsStarted > MOST_STARTS) {
      const message = `This render was started ${MOST_STARTS} times and never came to an end.`;
      await settle(entry, { kind: 'failed', code: 'render_failed', message, seconds: secondsSince(entry) });
      return;
    }
    log.info({ memberId, attempt: job.attemptsStarted }, 'Rendering');
    try {
      const outcome = await renderAndKeep(job, entry, claim, cancelled);
      log.info({ memberId, outcome: outcome.kind }, 'Rendered');
    } catch (error) {
      // A worker that stops does not count as a try, and neither does an engine that was asleep and did not wake.
      if (error === stopReason || isNotAwake(error)) throw new PutBack((error as Error).message);
      const outcome = toOutcome(error, job, entry, cancelled);
      if (outcome?.kind === 'cancelled') log.info({ memberId, freed: outcome.freed }, 'Cancelled');
      else log.warn({ memberId, err: error, willRetry: outcome === undefined }, 'The render failed');
      if (!outcome) throw error;
      await settle(entry, outcome);
    }
  };

  const run = async (job: Job, claim: Claim, cancelling: AbortSignal): Promise<void> => {
    const id = job.id ?? '';
    const log = options.log.child({ renderId: id });
    // Redis was away for longer than the job's lock: the first life of the job is still at it, here.
    await active.get(id)?.catch(() => undefined);
    const entry = await records.get(id);
    if (!entry) return log.warn('A job came without its record: it is older than records are kept');
    if (entry.outcome) return void (await settle(entry, entry.outcome));

    const cancelled = (await redis.exists(cancelKey(id))) ? AbortSignal.abort() : cancelling;
    const attempting = attempt(job, entry, claim, cancelled, log);
    active.set(id, attempting);
    try {
      await attempting;
    } finally {
      active.delete(id);
    }
  };

  const { holds, quality } = describe();
  const dispatch = await startDispatch({
    redis,
    line,
    resolutions: resolutionSchema.options.filter((resolution) => holds[resolution] > 0),
    quality,
    pool,
    mostLosses: MOST_STARTS + 1,
    run,
    onError: (error) => options.log.warn({ err: error }, 'The queue had a fault'),
  });

  const cancels = redis.duplicate();
  cancels.on('error', () => undefined); // The same faults are logged for the connection it was made from.
  cancels.on('message', (_channel, id) => dispatch.cancel(id));
  await cancels.subscribe(CANCELS_CHANNEL);
  // What was published while the connection was away was missed.
  cancels.on('ready', async () => {
    for (const id of dispatch.ids()) if (await redis.exists(cancelKey(id))) dispatch.cancel(id);
  });

  const host = hostname();
  const leaveRoster = await roster.announce(randomUUID(), async () => {
    const told = describe();
    const isDraining = await roster.isDraining([told.name, host]);
    dispatch.hold(isDraining);
    return { host, ...told, isDraining };
  });

  return {
    /** Takes no new render, finishes those under way within the deadline, and puts the others back in the queue. */
    async close(): Promise<void> {
      await dispatch.stop();
      leaving.abort(stopReason);
      const begun = dispatch.ids().length;
      if (drainMs > 0 && begun > 0) {
        options.log.info({ renders: begun, withinSeconds: drainMs / 1000 }, 'Finishing what was begun');
        const finished = new AbortController();
        const deadline = sleep(drainMs, undefined, { signal: finished.signal }).catch(() => undefined);
        await Promise.race([dispatch.settled(), deadline]);
        finished.abort();
      }
      stopping.abort(stopReason);
      await dispatch.settled();
      await dispatch.close();
      await leaveRoster();
      cancels.disconnect();
    },
  };
}

function isNotAwake(error: unknown): boolean {
  return error instanceof OperationError && error.code === 'engine_not_ready';
}

/** Copies the picture to where the engine reads it; complete or not at all, because a rejoined engine may be reading. */
async function placeInput(store: Store, key: string, target: string): Promise<void> {
  const picture = await store.read(key);
  if (!picture) {
    throw new OperationError('clip_missing', 'The picture of this render is not in the store any more.', {
      isRetryable: false,
    });
  }
  const part = `${target}.${randomUUID()}.part`;
  await writeFile(part, await buffer(picture.stream));
  await rename(part, target);
}
