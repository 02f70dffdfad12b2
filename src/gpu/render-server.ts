// How a render server is told what to run, whatever runs it.
import type { Launch } from './runtime.ts';

/** How long a server that nobody asks anything stays: enough for a worker to restart. */
const ORPHAN_SECONDS = 15;

export interface EngineChoice {
  name: string;
  /** Replaces the engine's own weights. */
  model: string | undefined;
  /** After so many a fresh engine takes over; 0 is never. */
  rendersPerProcess: number;
}

/** Arguments of `python -m render_server`. */
export function describeEngine({ name, model, rendersPerProcess }: EngineChoice, launch: Launch): string[] {
  return [
    ...['--engine', launch.engine ?? name],
    ...(model === undefined ? [] : ['--model', model]),
    ...['--renders-per-engine', String(rendersPerProcess)],
    ...['--orphan-seconds', String(ORPHAN_SECONDS)],
  ];
}
