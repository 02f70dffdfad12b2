// Waiting for what a test expects of a stand-in: looked for after each of its changes, without polling.
import type { EventEmitter } from 'node:events';

export interface Changing {
  /** Emits `change`. */
  changed: EventEmitter;
  /** What there is, for whoever reads of a wait in vain. */
  describe(): string;
}

/** Resolves to what `look` finds. */
export function createUntil({ changed, describe }: Changing) {
  return async <Value>(look: () => Value | undefined | false, timeoutMs = 90_000): Promise<Value> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const value = look();
      if (value !== undefined && value !== false) return value;
      await new Promise<void>((resolve, reject) => {
        const giveUp = () => reject(new Error(`Still not so after ${timeoutMs} ms:\n${describe()}`));
        if (deadline.aborted) return giveUp();
        deadline.addEventListener('abort', giveUp, { once: true });
        changed.once('change', () => {
          deadline.removeEventListener('abort', giveUp);
          resolve();
        });
      });
    }
  };
}
