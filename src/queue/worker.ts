// Takes renders off the queue, has them rendered on a lent engine, stores the clip and asks for its delivery.
// The processor may die at any line and run again: every step finds what an earlier life has done.
import { randomUUID } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { createDeadline } from '../deadline.ts';
import { OperationError } from '../errors.ts';
import type { Claim, Lease, Pool } from '../gpu/pool.ts';
import type { GpuReadings } from '../gpu/readings.ts';
import { RenderCancelled, runRender } from '../gpu/run.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import type { Meter } from '../meter.ts';
import { type RenderResult, resolutionSchema } from '../render.ts';
import { NO_TRACES, type Span, type SpanAttributes, type Tracer } from '../trace.ts';
import type { Deliveries } from './deliveries.ts';
import { PutBack, startDispatch } from './dispatch.ts';
import type { DurationLog } from './durations.ts';
import { placeInput } from './engine-files.ts';
import { createEngineLog } from './engine-log.ts';
import { type Estimates, fractionDone } from './estimates.ts';
import type { Limits } from './limits.ts';
import type { Line } from './line.ts';
import { CANCELS_CHANNEL, cancelKey, UNLOADS_CHANNEL } from './names.ts';
import type { Quarantine } from './quarantine.ts';
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
  durations: DurationLog;
  quarantine: Quarantine;
  pool: Pick<Pool, 'hasRoom' | 'claim' | 'onRoom' | 'unload' | 'describe'>;
  gpus: GpuReadings;
  store: Store;
  /** What is told of it on the roster. */
  describe: () => Omit<WorkerEntry, 'id' | 'seenAt' | 'host' | 'isDraining' | 'engines'>;
  silenceMs: number;
  /** How long renders under way may go on when the worker is told to stop. */
  drainMs: number;
  log: Logger;
  meter?: Meter;
  tracer?: Tracer;
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
    durations,
    quarantine,
    pool,
    store,
    describe,
    silenceMs,
    drainMs,
    meter,
    tracer = NO_TRACES,
    now = Date.now,
  } = options;
  // First no further render is begun; later those under way are left.
  const leaving = new AbortController();
  const stopping = new AbortController();
  const stopReason = new OperationError('engine_not_ready', 'The worker is stopping.');
  const active = new Map<string, Promise<void>>();
  const engines = createEngineLog(options);

  const secondsSince = (entry: RenderEntry): number => (now() - entry.record.createdAt) / 1000;

  const settle = async (entry: RenderEntry, outcome: Outcome): Promise<Outcome> => {
    const { id, platform } = entry.record;
    const standing = await records.settle(id, outcome);
    if (standing === outcome) meter?.ended(outcome.kind, outcome.kind === 'failed' ? outcome.code : undefined);
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
    const usual = await estimates.estimate(request);
    const report = createReport((stored) => job.updateProgress(stored));
    const result = await runRender(lease, {
      id: record.id,
      body: { image, prompt, negative, width, height, frames, seed },
      // In order, and never holding the engine's events up.
      onProgress: (progress) => {
        const stored: StoredProgress = { ...progress, at: now() };
        engines.progressed(record.id, fractionDone(progress, usual));
        report.tell(stored);
      },
      cancelled,
      abandoned: stopping.signal,
      silenceMs,
    });
    await report.told();
    return result;
  };

  const renderAndKeep = async (
    job: Job,
    entry: RenderEntry,
    claim: Claim,
    cancelled: AbortSignal,
    span: Span,
  ): Promise<Outcome> => {
    const { id, request, trace } = entry.record;
    const { told, engineSeconds, leftovers, output } = await renderOnEngine(job, entry, claim, cancelled);
    meter?.rendered(request, engineSeconds, told.seconds);
    const clip = `clips/${id}.mp4`;
    await tracer.span('store', { parent: span.context ?? trace }, () => store.write(clip, { file: output }));
    // The engine's own figure is only a figure; what a chat service takes is decided by what is there.
    const result = { ...told, bytes: (await store.size(clip)) ?? told.bytes };
    span.add(toAttributes(result));
    const outcome = await settle(entry, { kind: 'done', clip, result, seconds: secondsSince(entry), engineSeconds });
    if (outcome.kind !== 'done') await store.remove(clip);
    await estimates.learn(result, request.quality);
    await durations.add(request, engineSeconds);
    // Only now: until the outcome is known to Redis, another life of this job finds the finished clip with the engine.
    // The sweep comes for what cannot be removed like a file, and no such thing makes a render fail that is done.
    await Promise.allSettled(leftovers.map((file) => unlink(file)));
    return outcome;
  };

  /** Holds the engine for the render alone: storing the clip must not keep the next member waiting. */
  const renderOnEngine = async (job: Job, entry: RenderEntry, claim: Claim, cancelled: AbortSignal) => {
    const { id } = entry.record;
    if (claim.isAsleep) await job.updateProgress({ stage: 'loading', elapsed: 0, at: now() });
    using unwanted = createDeadline([cancelled, leaving.signal]);
    await using lease = await claim.lease(unwanted.signal);
    const started = now();
    const told = await engines.watch(lease.engine.slot, () => render(lease, job, entry, cancelled));
    const output = join(lease.engine.outputsFolder, `${id}.mp4`);
    return {
      told,
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
    if (isWorthRetrying(error) && !isLastAttempt) return undefined;
    const code = error instanceof OperationError ? error.code : 'render_failed';
    const message = error instanceof OperationError ? error.message : "Something went wrong, and it isn't your fault.";
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
      const message = `This clip was started ${MOST_STARTS} times and never finished.`;
      await quarantine.add(entry.record.id);
      await settle(entry, { kind: 'failed', code: 'render_failed', message, seconds: secondsSince(entry) });
      return;
    }
    log.info({ memberId, attempt: job.attemptsStarted }, 'Rendering');
    const { trace: parent, createdAt, request } = entry.record;
    if (job.attemptsStarted === 1) {
      meter?.waited(request, secondsSince(entry));
      await tracer.span('wait', { parent, startedAt: createdAt }, async () => undefined);
    }
    const { resolution, quality, seconds } = request;
    const attributes = { resolution, quality, seconds, attempt: job.attemptsStarted };
    try {
      const outcome = await tracer.span('render', { parent, attributes }, (span) =>
        renderAndKeep(job, entry, claim, cancelled, span),
      );
      log.info({ memberId, outcome: outcome.kind }, 'Rendered');
    } catch (error) {
      // A worker that stops does not count as a try, and neither does an engine that was asleep and did not wake.
      if (error === stopReason || isNotAwake(error)) throw new PutBack((error as Error).message);
      const outcome = toOutcome(error, job, entry, cancelled);
      if (outcome?.kind === 'cancelled') log.info({ memberId, freed: outcome.freed }, 'Cancelled');
      else log.warn({ memberId, err: error, willRetry: outcome === undefined }, 'The render failed');
      if (outcome?.kind !== 'cancelled') meter?.attemptFailed(error instanceof OperationError ? error.code : 'bug');
      if (!outcome) throw error;
      if (outcome.kind === 'failed' && isWorthRetrying(error)) await quarantine.add(entry.record.id);
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
      engines.ended(id);
    }
  };

  const { name, holds, quality } = describe();
  const host = hostname();
  const readDraining = () => roster.isDraining([name, host]);
  const dispatch = await startDispatch({
    isHeld: await readDraining(),
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
  const id = randomUUID();
  cancels.on('message', (channel, told) => {
    if (channel === CANCELS_CHANNEL) return dispatch.cancel(told);
    const [worker, slot] = told.split('/');
    if (worker === id) pool.unload(Number(slot));
  });
  await cancels.subscribe(CANCELS_CHANNEL, UNLOADS_CHANNEL);
  // What was published while the connection was away was missed.
  const catchUp = async (): Promise<void> => {
    for (const running of dispatch.ids()) if (await redis.exists(cancelKey(running))) dispatch.cancel(running);
  };
  cancels.on('ready', () => {
    catchUp().catch((error) => options.log.warn({ err: error }, 'Cancels that were missed could not be looked for'));
  });

  const leaveRoster = await roster.announce(id, async () => {
    const isDraining = await readDraining();
    dispatch.hold(isDraining);
    return { host, ...describe(), isDraining, engines: engines.describe() };
  });

  return {
    engines: () => engines.describe(),

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

/** One after the other and the latest only: an engine that reports faster than Redis takes it fills no memory. */
function createReport(store: (progress: StoredProgress) => Promise<unknown>) {
  let latest: StoredProgress | undefined;
  let storing: Promise<void> | undefined;
  const storeAll = async (): Promise<void> => {
    while (latest) {
      const progress = latest;
      latest = undefined;
      await store(progress).catch(() => undefined);
    }
    storing = undefined;
  };
  return {
    tell(progress: StoredProgress): void {
      latest = progress;
      storing ??= storeAll();
    },
    told: async (): Promise<void> => storing,
  };
}

function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof OperationError) || error.isRetryable;
}

/** For its trace. */
function toAttributes({ engine, model, bytes, seconds }: RenderResult): SpanAttributes {
  const stages = Object.entries(seconds).map(([stage, took]) => [`stage.${stage}.seconds`, took]);
  return { engine, model, bytes, ...Object.fromEntries(stages) };
}

function isNotAwake(error: unknown): boolean {
  return error instanceof OperationError && error.code === 'engine_not_ready';
}
