// How many pictures are decoded at once, and by which process. Processes start when first needed, stay warm, and are
// replaced when worn.
import type { DecoderProcess } from './decoder-process.ts';

export interface DecoderPool {
  /** Runs `work` with a decoder of its own, after those who asked before. */
  use<T>(work: (decoder: DecoderProcess) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Waits for the uses under way, which the caller ends through their signals, and kills the warm processes. */
  stop(): Promise<void>;
}

export interface DecoderPoolOptions {
  start: () => Promise<DecoderProcess>;
  /** How many processes, and so pictures, at once. */
  size: number;
  /** Code that hostile bytes went through deserves no long life: after so many uses a process is replaced. */
  mostUses: number;
}

export function createDecoderPool({ start, size, mostUses }: DecoderPoolOptions): DecoderPool {
  const idle: DecoderProcess[] = [];
  const usesOf = new Map<DecoderProcess, number>();
  const underWay = new Set<Promise<unknown>>();
  // Each entry is woken with a free place already counted as its own, so that nobody can overtake it.
  const waiting: (() => void)[] = [];
  let free = size;
  let isStopped = false;

  async function takePlace(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function givePlace(): void {
    const enter = waiting.shift();
    if (enter === undefined) {
      free += 1;
    } else {
      enter();
    }
  }

  async function takeDecoder(): Promise<DecoderProcess> {
    for (let decoder = idle.pop(); decoder !== undefined; decoder = idle.pop()) {
      if (decoder.isAlive()) {
        return decoder;
      }
      await retire(decoder);
    }
    return await start();
  }

  async function giveDecoder(decoder: DecoderProcess): Promise<void> {
    const uses = (usesOf.get(decoder) ?? 0) + 1;
    if (decoder.isAlive() && uses < mostUses && !isStopped) {
      usesOf.set(decoder, uses);
      idle.push(decoder);
    } else {
      await retire(decoder);
    }
  }

  async function retire(decoder: DecoderProcess): Promise<void> {
    usesOf.delete(decoder);
    await decoder.kill();
  }

  async function useDecoder<T>(work: (decoder: DecoderProcess) => Promise<T>, signal: AbortSignal): Promise<T> {
    const decoder = await takeDecoder();
    try {
      signal.throwIfAborted();
      return await work(decoder);
    } finally {
      await giveDecoder(decoder);
    }
  }

  return {
    async use(work, signal) {
      await takePlace(signal);
      const use = useDecoder(work, signal);
      underWay.add(use);
      try {
        return await use;
      } finally {
        underWay.delete(use);
        givePlace();
      }
    },

    async stop() {
      isStopped = true;
      await Promise.allSettled(underWay);
      await Promise.all(idle.splice(0).map(retire));
    },
  };
}
