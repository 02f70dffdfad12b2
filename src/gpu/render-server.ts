// How a render server is told what to run, whatever runs it.
import type { Precision } from '../config.ts';
import type { Launch } from './runtime.ts';

/** How long a server that nobody asks anything stays: enough for a worker to restart. */
const ORPHAN_SECONDS = 15;

export interface EngineChoice {
  name: string;
  /** Replaces the engine's own weights. */
  model: string | undefined;
  precision: Precision;
  /** After so many a fresh engine takes over; 0 is never. */
  rendersPerProcess: number;
}

/** What `python -m render_server` is told by its environment: an engine's own processes inherit it. */
export function describePrecision({ precision }: EngineChoice): Record<string, string> {
  return precision === 'exact' ? {} : { PRECISION: precision };
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
