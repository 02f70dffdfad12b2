// One signal for all that can end a piece of work early. AbortSignal.any would do, but leaves 1 kB behind on every signal
// that outlives the work (seen on Node 24). See https://github.com/nodejs/node/issues/54614

export interface Deadline {
  signal: AbortSignal;
  hasPassed(): boolean;
  /** The time starts to count; before that only the other signals can end it. */
  start(ms: number): void;
  /** From now on there is no time limit. */
  lift(): void;
  [Symbol.dispose](): void;
}

export function createDeadline(signals: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let hasPassed = false;
  const unfollow = signals.map((signal) => {
    const stop = () => controller.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) {
      stop();
    }
    return () => signal.removeEventListener('abort', stop);
  });
  return {
    signal: controller.signal,
    hasPassed: () => hasPassed,
    start(ms) {
      timer = setTimeout(() => {
        hasPassed = !controller.signal.aborted;
        controller.abort(new DOMException(`Took longer than ${ms} ms`, 'TimeoutError'));
      }, ms);
    },
    lift: () => clearTimeout(timer),
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const leave of unfollow) {
        leave();
      }
    },
  };
}
