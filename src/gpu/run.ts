// One render on one lent engine: its progress, its end, and every way in which it can go wrong.
import { createDeadline } from '../deadline.ts';
import { OperationError } from '../errors.ts';
import type { Progress, RenderResult } from '../render.ts';
import type { Lease } from './pool.ts';
import type { EngineCancelAnswer, EngineEvent, RenderBody } from './protocol.ts';

/** A cancel waits this long for the engine's answer; after that the engine is replaced. */
const CANCEL_WITHIN_MS = 5000;

/** The render was stopped on purpose; `freed` says what that took. */
export class RenderCancelled extends Error {
  override readonly name = 'RenderCancelled';
  readonly freed: EngineCancelAnswer['freed'];

  constructor(freed: EngineCancelAnswer['freed']) {
    super('The render was cancelled.');
    this.freed = freed;
  }
}

export interface RunOptions {
  id: string;
  body: RenderBody;
  onProgress(progress: Progress): void;
  /** Aborted to cancel the render and free the engine. */
  cancelled: AbortSignal;
  /** Aborted to walk away and leave the engine as it is. */
  abandoned: AbortSignal;
  silenceMs: number;
}

/** Throws RenderCancelled, or OperationError; condemns the lease whenever the engine cannot be trusted any more. */
export async function runRender(lease: Lease, options: RunOptions): Promise<RenderResult> {
  const { id, body, onProgress, cancelled, abandoned, silenceMs } = options;
  const silence = startSilenceTimer(silenceMs);
  using ended = createDeadline([cancelled, abandoned, lease.lost, silence.signal]);
  try {
    for await (const event of lease.client.render(id, body, ended.signal)) {
      silence.restart();
      const result = readEvent(event, onProgress);
      if (result) return result;
    }
    throw new OperationError('engine_exited', 'The render engine closed the connection in the middle of the render.');
  } catch (error) {
    if (cancelled.aborted) throw await cancelOn(lease, id);
    if (abandoned.aborted) throw abandoned.reason;
    const failure = toFailure(error, [lease.lost, silence.signal]);
    if (failure.isRetryable) lease.condemn(failure.message);
    throw failure;
  } finally {
    silence.stop();
  }
}

function readEvent(event: EngineEvent, onProgress: (progress: Progress) => void): RenderResult | undefined {
  if (event.stage === 'done') return event.result;
  if (event.stage === 'failed') {
    throw new OperationError(event.code === 'cancelled' ? 'render_cancelled' : 'render_failed', event.message, {
      isRetryable: event.retry,
    });
  }
  onProgress(event);
  return undefined;
}

async function cancelOn(lease: Lease, id: string): Promise<RenderCancelled> {
  try {
    const { freed } = await lease.client.cancel(id, AbortSignal.timeout(CANCEL_WITHIN_MS));
    return new RenderCancelled(freed);
  } catch {
    lease.condemn('It did not answer a cancel.');
    return new RenderCancelled('recycling');
  }
}

function toFailure(error: unknown, causes: AbortSignal[]): OperationError {
  const known = causes.find((signal) => signal.aborted)?.reason ?? error;
  if (known instanceof OperationError) return known;
  return new OperationError('engine_exited', 'The connection to the render engine broke in the middle of the render.', {
    cause: error,
  });
}

function startSilenceTimer(silenceMs: number) {
  const controller = new AbortController();
  const seconds = Math.round(silenceMs / 1000);
  const fire = () =>
    controller.abort(new OperationError('engine_silent', `The render engine reported nothing for ${seconds} s.`));
  const timer = setTimeout(fire, silenceMs);
  return { signal: controller.signal, restart: () => timer.refresh(), stop: () => clearTimeout(timer) };
}
