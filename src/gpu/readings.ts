// How this machine's cards are doing: memory, temperature, use. Asked of nvidia-smi now and then, never waited for.
import { findGpus, type Gpu } from './devices.ts';

const ASK_EVERY_MS = 10_000;

export interface GpuReadings {
  /** As they last were; empty until nvidia-smi has answered for the first time, and while it does not. */
  latest(): Gpu[];
}

export function createGpuReadings(ask: () => Promise<Gpu[]> = findGpus, now: () => number = Date.now): GpuReadings {
  let found: Gpu[] = [];
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    latest() {
      if (now() - askedAt >= ASK_EVERY_MS) {
        askedAt = now();
        ask().then(
          (gpus) => {
            found = gpus;
          },
          () => {
            found = [];
          },
        );
      }
      return found;
    },
  };
}
