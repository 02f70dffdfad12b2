// The one shutdown path: what was started last is stopped first, whatever asked for it.
import type { Logger } from '../log.ts';

/** Beside what the renders under way are given. */
const STOP_WITHIN_MS = 30_000;
const SAME_SIGNAL_MS = 500;

export interface Shutdown {
  /** Aborted when shutting down begins. */
  signal: AbortSignal;
  /** Adds a step; it runs before those added earlier. */
  onStop(name: string, stop: () => Promise<void>): void;
  begin(): Promise<void>;
}

export function createShutdown(log: Logger): Shutdown {
  const controller = new AbortController();
  const steps: { name: string; stop: () => Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;

  const runSteps = async (): Promise<void> => {
    controller.abort();
    for (const { name, stop } of steps.reverse()) {
      await stop().catch((error) => log.warn({ err: error, step: name }, 'A part did not stop cleanly'));
    }
  };

  return {
    signal: controller.signal,
    onStop: (name, stop) => steps.push({ name, stop }),
    begin: () => {
      stopping ??= runSteps();
      return stopping;
    },
  };
}

/** Resolves once a first Ctrl-C or SIGTERM has stopped everything. A second one, or a stop that hangs, ends the process at once. */
export async function runUntilSignal(shutdown: Shutdown, log: Logger, drainMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    onFirstSignal(() => {
      log.info('Stopping');
      setTimeout(() => {
        log.error('Stopping took too long');
        process.exit(1);
      }, drainMs + STOP_WITHIN_MS).unref();
      resolve(shutdown.begin());
    });
  });
}

const BROKEN_STOP_WITHIN_MS = 10_000;

/** A bug that nothing has caught: it is logged, and the process ends as it does at a signal, but with a failure. */
export function endOnBug(
  shutdown: Pick<Shutdown, 'begin'>,
  log: Logger,
  { on, exit }: { on(event: string, act: (error: unknown) => void): unknown; exit(code: number): void } = {
    on: (event, act) => process.on(event, act),
    exit: (code) => process.exit(code),
  },
): void {
  const end = (error: unknown): void => {
    log.fatal({ err: error }, 'Nothing was prepared for this; stopping');
    setTimeout(() => exit(1), BROKEN_STOP_WITHIN_MS).unref();
    void shutdown.begin().finally(() => exit(1));
  };
  on('uncaughtException', end);
  on('unhandledRejection', end);
}

/** Calls back at the first Ctrl-C, SIGTERM or hang-up. A second one ends the process at once. */
export function onFirstSignal(act: (name: NodeJS.Signals) => void): void {
  let firstAt: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    // npm passes a Ctrl-C on that the terminal has sent us as well: that is one, not two.
    if (firstAt !== undefined && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
    if (firstAt !== undefined) return;
    firstAt = performance.now();
    act(name);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
}
