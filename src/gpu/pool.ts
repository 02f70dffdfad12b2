// Which engine is free? Keeps one warm engine in every slot, replaces those that break, and lends each to one render at a time.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeadline } from '../deadline.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Resolution } from '../render.ts';
import { createEngineClient, type EngineClient } from './client.ts';
import { findNeverMended, type Ladder, type Rung } from './ladder.ts';
import type { EngineHealth } from './protocol.ts';
import type { Engine, Runtime, Slot } from './runtime.ts';

const HEALTH_EVERY_MS = 2000;
const READY_POLL_MS = 100;

/** One missed answer may be a busy machine; two are a broken engine. */
const MOST_MISSED_ANSWERS = 2;

const FIRST_RESTART_DELAY_MS = 500;
const LONGEST_RESTART_DELAY_MS = 30_000;

/** Of what is told of an engine's trouble, in characters. */
const LONGEST_TROUBLE = 300;

/** A render found running at start belongs to a job that comes back within this time, or to nobody. */
const REJOIN_WITHIN_MS = 60_000;

/** An engine that is kept for one render. Disposing of it gives it back, whether it was used or not. */
export interface Claim extends AsyncDisposable {
  /** It has to be woken first, which takes as long as its start. */
  isAsleep: boolean;
  /** The engine, once it is awake. Throws OperationError `engine_not_ready` if it does not wake, or the signal's reason. */
  lease(signal: AbortSignal): Promise<Lease>;
}

/** An engine lent to one render. Disposing of it gives it back. */
export interface Lease extends AsyncDisposable {
  engine: Engine;
  client: EngineClient;
  /** Aborted when the engine breaks while it is lent. */
  lost: AbortSignal;
  /** The engine is not to be used again: it is replaced when the lease ends. */
  condemn(reason: string): void;
}

interface Bay {
  slot: Slot;
  /** One that is refused can never run an engine: the image has no kernels for its card. */
  state: 'starting' | 'free' | 'lent' | 'asleep' | 'refused';
  engine: Engine | undefined;
  client: EngineClient | undefined;
  /** The render that was running in the engine when we found it. */
  reservedFor: string | undefined;
  lost: AbortController;
  condemned: string | undefined;
  /** Aborted when the engine is lent again. */
  idle: AbortController;
  /** It has been ready since it was last started, and could be woken if it sleeps. */
  isLoaded: boolean;
  /** Whoever waits for this engine to wake. */
  sleeper: { wake(): void; fail(error: OperationError): void } | undefined;
  /** What was last loaded. */
  model: string | undefined;
  /** The render that it is lent to. */
  renderId: string | undefined;
  /** Why it last had to be replaced, or did not start. */
  trouble: Trouble | undefined;
  /** Its GPU is to be given free as soon as nobody uses it. */
  isUnloadAsked: boolean;
}

export interface Trouble {
  message: string;
  at: number;
}

/** How one slot stands. */
export type Stand = Pick<Bay, 'slot' | 'state' | 'model' | 'renderId' | 'trouble'>;

export interface PoolOptions {
  runtime: Runtime;
  slots: Slot[];
  ladder: Ladder;
  engineStartMs: number;
  /** An engine that is free for this long is stopped until it is needed; 0 is never. */
  engineIdleMs: number;
  log: Logger;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #bays: Bay[];
  #tellRoom: () => void = () => undefined;
  readonly #closing = new AbortController();
  readonly #tasks = new Set<Promise<void>>();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#bays = options.slots.map((slot) => ({
      slot,
      state: 'starting',
      engine: undefined,
      client: undefined,
      reservedFor: undefined,
      lost: new AbortController(),
      condemned: undefined,
      idle: new AbortController(),
      isLoaded: false,
      sleeper: undefined,
      model: undefined,
      renderId: undefined,
      trouble: undefined,
      isUnloadAsked: false,
    }));
  }

  /** Calls back whenever an engine has become free. */
  onRoom(listener: () => void): void {
    this.#tellRoom = listener;
  }

  /** Rejoins the engines that outlived an earlier worker and starts the others, in the background. */
  async start(): Promise<void> {
    await this.#options.runtime.sweep(this.#bays.map(({ slot }) => slot));
    for (const bay of this.#bays) this.#run(this.#bringUp(bay, true));
  }

  /** How many engines are loaded, at work or not; those that sleep count, those that start do not. */
  get loaded(): number {
    return this.#bays.filter(({ isLoaded }) => isLoaded).length;
  }

  /** How many engines have, or will have once they are loaded, the memory for this resolution. */
  holding(resolution: Resolution): number {
    return this.#bays.filter((bay) => bay.state !== 'refused' && holds(bay, resolution)).length;
  }

  describe(): Stand[] {
    return this.#bays.map(({ slot, state, model, renderId, trouble }) => ({ slot, state, model, renderId, trouble }));
  }

  /** Gives a slot's GPU free until the next render, at once or when the one under way has ended. */
  unload(index: number): void {
    const bay = this.#bays.find(({ slot }) => slot.index === index);
    if (!bay || bay.state === 'asleep' || bay.state === 'refused') return;
    bay.isUnloadAsked = true;
    if (bay.state === 'free' && bay.reservedFor === undefined) this.#run(this.#unload(bay));
  }

  /** Is there an engine for this render now, awake or asleep? */
  hasRoom(renderId: string, resolution: Resolution): boolean {
    return this.#choose(renderId, resolution) !== undefined;
  }

  /** Keeps an engine for this render from now on; undefined if there is none for it. */
  claim(renderId: string, resolution: Resolution): Claim | undefined {
    const bay = this.#choose(renderId, resolution);
    if (!bay) return undefined;
    const isAsleep = bay.state === 'asleep';
    bay.state = 'lent';
    bay.renderId = renderId;
    bay.idle.abort();
    const awake = isAsleep ? this.#wake(bay) : Promise.resolve();
    let isOver = false;
    const giveBack = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      this.#takeBack(bay);
    };
    return {
      isAsleep,
      lease: async (signal) => {
        using unwanted = createDeadline([signal, this.#closing.signal]);
        await unlessAborted(awake, unwanted.signal);
        return this.#lend(bay, giveBack);
      },
      [Symbol.asyncDispose]: giveBack,
    };
  }

  /** Stops lending and stops every engine. */
  async close(): Promise<void> {
    this.#closing.abort(new OperationError('engine_not_ready', 'The worker is stopping.'));
    await Promise.all(this.#tasks);
    await Promise.all(
      this.#bays.map(async (bay) => {
        await bay.client?.close();
        await this.#options.runtime.stop(bay.slot);
      }),
    );
  }

  /** The engine that has this render already, or else one that is awake, and of those the one that can do least beside it. */
  #choose(renderId: string, resolution: Resolution): Bay | undefined {
    if (this.#closing.signal.aborted) return undefined;
    const fit = this.#bays.filter(
      (bay) =>
        (bay.state === 'asleep' || (bay.state === 'free' && (bay.reservedFor ?? renderId) === renderId)) &&
        holds(bay, resolution),
    );
    const rank = ({ slot, state, reservedFor }: Bay) =>
      (reservedFor === renderId ? 0 : 1000) + (state === 'free' ? 0 : 100) + (slot.resolutions?.length ?? 0);
    return fit.sort((one, other) => rank(one) - rank(other))[0];
  }

  #lend(bay: Bay, giveBack: () => Promise<void>): Lease {
    const { engine, client } = bay;
    if (!engine || !client) throw new Error(`Slot ${bay.slot.index} was lent without an engine`);
    bay.reservedFor = undefined;
    return {
      engine,
      client,
      lost: bay.lost.signal,
      condemn: (reason) => {
        bay.condemned = reason;
      },
      [Symbol.asyncDispose]: giveBack,
    };
  }

  #takeBack(bay: Bay): void {
    if (this.#closing.signal.aborted || bay.state !== 'lent') return;
    bay.state = 'starting';
    bay.renderId = undefined;
    // One that is being woken goes on by itself.
    if (bay.sleeper) bay.sleeper = undefined;
    // One that broke meanwhile is not loaded anew for that.
    else if (bay.isUnloadAsked && bay.reservedFor === undefined) this.#run(this.#unload(bay));
    else this.#run(this.#bringUp(bay, bay.condemned === undefined));
  }

  #offer(bay: Bay): void {
    if (bay.sleeper) {
      bay.sleeper.wake();
      bay.sleeper = undefined;
      return;
    }
    if (bay.isUnloadAsked && bay.reservedFor === undefined) {
      this.#run(this.#unload(bay));
      return;
    }
    bay.state = 'free';
    if (this.#options.engineIdleMs > 0) this.#run(this.#unloadWhenIdle(bay));
    this.#tellRoom();
  }

  /** Makes a slot's engine ready, restarting it for as long as that takes, then offers it. */
  async #bringUp(bay: Bay, mayKeep: boolean): Promise<void> {
    const { ladder, log, runtime } = this.#options;
    const signal = this.#closing.signal;
    const { index } = bay.slot;
    if (bay.condemned) log.warn({ slot: index, reason: bay.condemned }, 'Replacing the engine');
    let isKept = mayKeep;
    bay.isLoaded &&= mayKeep;
    for (
      let delayMs = FIRST_RESTART_DELAY_MS;
      !signal.aborted;
      delayMs = Math.min(delayMs * 2, LONGEST_RESTART_DELAY_MS)
    ) {
      const { rung } = ladder;
      try {
        await this.#connect(bay, isKept, rung, signal);
        const health = await this.#waitUntilReady(bay, signal);
        bay.isLoaded = true;
        bay.model = health.model;
        bay.reservedFor = health.renderId ?? undefined;
        await ladder
          .remember()
          .catch((error) => log.warn({ err: error }, 'How the engine was launched could not be kept'));
        log.info(
          {
            ...{ slot: index, engine: health.engine, launched: ladder.describe() },
            ...(health.renderId && { renderId: health.renderId }),
          },
          'Engine ready',
        );
        this.#run(this.#watch(bay));
        if (bay.reservedFor) this.#run(this.#expireReservation(bay, bay.reservedFor));
        this.#offer(bay);
        return;
      } catch (error) {
        if (signal.aborted) return;
        bay.trouble = toTrouble((error as Error).message);
        log.error({ slot: index, err: error, retryInMs: delayMs }, 'The engine did not start');
        isKept = false;
        this.#failToWake(bay, error as Error);
        const output = await runtime.logs(bay.slot).catch(() => '');
        const hopeless = findNeverMended(`${(error as Error).message}\n${output}`);
        if (hopeless !== undefined) return await this.#refuse(bay, hopeless);
        if (ladder.climb(rung, (error as Error).message, output)) {
          log.warn({ slot: index, launch: ladder.describe() }, 'Launching the engine another way');
          continue;
        }
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Trying again would only burn the machine's time: the other cards go on without this one. */
  async #refuse(bay: Bay, reason: string): Promise<void> {
    const { runtime, log } = this.#options;
    bay.state = 'refused';
    bay.trouble = toTrouble(reason);
    log.error(
      { slot: bay.slot.index, gpu: bay.slot.gpu?.id, reason },
      'This card is left out until the worker starts again',
    );
    await bay.client?.close();
    bay.client = undefined;
    await runtime
      .stop(bay.slot)
      .catch((error) => log.warn({ slot: bay.slot.index, err: error }, 'The engine could not be stopped'));
  }

  async #connect(bay: Bay, mayKeep: boolean, rung: Rung, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#options;
    const kept = mayKeep ? await runtime.attach(bay.slot, signal) : undefined;
    if (kept && bay.engine && bay.client) return;
    await bay.client?.close();
    const engine = kept ?? (await runtime.start(bay.slot, signal, rung));
    bay.engine = engine;
    bay.client = createEngineClient(engine.socketPath);
    // Once for each engine, not for each render: what is heard here is kept for as long as the engine lives.
    void engine.exited.then((how) => this.#hearExit(bay, engine, `The render server ${how}.`));
  }

  /** While it starts, whoever waits for it finds out. */
  #hearExit(bay: Bay, engine: Engine, reason: string): void {
    if (bay.engine !== engine || bay.state === 'starting' || this.#closing.signal.aborted) return;
    this.#tellEnd(bay.slot, reason);
    this.#lose(bay, reason);
  }

  async #waitUntilReady(bay: Bay, closing: AbortSignal): Promise<EngineHealth> {
    using deadline = createDeadline([closing]);
    const { signal } = deadline;
    deadline.start(this.#options.engineStartMs);
    bay.condemned = undefined;
    bay.lost = new AbortController();
    try {
      for (;;) {
        const health = await this.#clientOf(bay).health(signal);
        if (health.state === 'ready' || health.state === 'busy') return health;
        if (health.state === 'failed') {
          throw new OperationError('engine_exited', health.lastError?.message ?? 'The engine failed while it loaded.');
        }
        await sleep(READY_POLL_MS, undefined, { signal });
      }
    } catch (cause) {
      if (!deadline.hasPassed()) throw cause;
      const seconds = this.#options.engineStartMs / 1000;
      throw new OperationError('engine_not_ready', `The engine was not ready after ${seconds} s.`, { cause });
    }
  }

  /** Asks for health for as long as this engine is in the slot, which also tells it that it is still wanted. */
  async #watch(bay: Bay): Promise<void> {
    const { engine, lost } = bay;
    const isOver = () => this.#closing.signal.aborted || bay.engine !== engine || bay.lost !== lost;
    using stop = createDeadline([this.#closing.signal, lost.signal]);
    for (let missed = 0; !isOver(); ) {
      await sleep(HEALTH_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      if (isOver() || lost.signal.aborted) return;
      const health = await this.#clientOf(bay)
        .health(stop.signal)
        .catch(() => undefined);
      if (health?.state === 'failed') return this.#lose(bay, health.lastError?.message ?? 'The engine failed.');
      missed = health ? 0 : missed + 1;
      if (missed >= MOST_MISSED_ANSWERS && !isOver()) return this.#lose(bay, 'The engine does not answer.');
    }
  }

  /** With the engine's last words, which are the operator's alone. */
  #tellEnd(slot: Slot, reason: string): void {
    const { runtime, log } = this.#options;
    const tell = (lastLines: string) => log.error({ slot: slot.index, lastLines }, reason);
    this.#run(runtime.logs(slot).then(tell, () => tell('')));
  }

  #lose(bay: Bay, reason: string): void {
    if (bay.lost.signal.aborted || this.#closing.signal.aborted) return;
    bay.condemned = reason;
    bay.trouble = toTrouble(reason);
    bay.lost.abort(new OperationError('engine_exited', reason));
    // One that is lent is replaced when its lease ends; the borrower hears of it by the signal.
    if (bay.state !== 'free') return;
    bay.state = 'starting';
    this.#run(this.#bringUp(bay, false));
  }

  /** Gives the GPU free when nobody has needed it for a while. */
  async #unloadWhenIdle(bay: Bay): Promise<void> {
    const { engineIdleMs } = this.#options;
    bay.idle = new AbortController();
    using wanted = createDeadline([this.#closing.signal, bay.idle.signal, bay.lost.signal]);
    await sleep(engineIdleMs, undefined, { signal: wanted.signal }).catch(() => undefined);
    // One that is kept for a render is somebody's still.
    if (wanted.signal.aborted || bay.state !== 'free' || bay.reservedFor !== undefined) return;
    await this.#unload(bay);
  }

  async #unload(bay: Bay): Promise<void> {
    const { runtime, log } = this.#options;
    bay.isUnloadAsked = false;
    bay.condemned = undefined;
    bay.idle.abort();
    bay.state = 'starting';
    const { client } = bay;
    bay.engine = undefined;
    bay.client = undefined;
    try {
      await client?.close();
      await runtime.stop(bay.slot);
      log.info({ slot: bay.slot.index }, 'The engine is unloaded until it is needed');
    } catch (error) {
      log.warn({ slot: bay.slot.index, err: error }, 'The engine could not be stopped');
    }
    bay.state = 'asleep';
    this.#tellRoom();
  }

  /** Resolves when the engine is awake. Rejects when it does not wake at the first try; further tries are for the pool alone. */
  #wake(bay: Bay): Promise<void> {
    this.#options.log.info({ slot: bay.slot.index }, 'Waking the engine');
    const awake = new Promise<void>((resolve, reject) => {
      bay.sleeper = { wake: resolve, fail: reject };
    });
    awake.catch(() => undefined); // Whoever claimed it may have left.
    this.#run(this.#bringUp(bay, false));
    return awake;
  }

  #failToWake(bay: Bay, cause: Error): void {
    if (!bay.sleeper) return;
    bay.sleeper.fail(new OperationError('engine_not_ready', 'The engine could not be woken.', { cause }));
    bay.sleeper = undefined;
    bay.state = 'starting';
  }

  /** Frees a slot whose render nobody came back for. */
  async #expireReservation(bay: Bay, renderId: string): Promise<void> {
    await sleep(REJOIN_WITHIN_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    if (bay.reservedFor !== renderId || bay.state !== 'free' || this.#closing.signal.aborted) return;
    bay.state = 'starting';
    this.#options.log.warn({ slot: bay.slot.index, renderId }, 'Nobody came back for a render that was running');
    await this.#clientOf(bay)
      .cancel(renderId, this.#closing.signal)
      .catch(() => undefined);
    await this.#bringUp(bay, true);
  }

  #clientOf(bay: Bay): EngineClient {
    if (!bay.client) throw new Error(`Slot ${bay.slot.index} has no engine`);
    return bay.client;
  }

  /** In the background. A bug in one slot must not end the worker, and with it the engines of all others. */
  #run(task: Promise<void>): void {
    const guarded = task
      .catch((error) => this.#options.log.error({ err: error }, 'A slot of the pool had a fault'))
      .finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }
}

/** The first line alone: an engine's own last lines may follow, which are for the log. */
export function toTrouble(message: string): Trouble {
  return { message: (message.split('\n', 1)[0] ?? '').slice(0, LONGEST_TROUBLE), at: Date.now() };
}

function holds({ slot }: Bay, resolution: Resolution): boolean {
  return slot.resolutions?.includes(resolution) ?? true;
}

/** Resolves with the promise, or rejects with the reason of a signal that comes first. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
