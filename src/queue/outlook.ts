// What a place in the line means: who is really before a render, and for how long. Pure.
import type { Resolution } from '../render.ts';
import type { Ahead } from './line.ts';

/** The engines online of one quality: how many can take each resolution. Whoever can take 720p can take 480p. */
export type Slots = Record<Resolution, number>;

/** `position` counts from 1. */
export interface Outlook {
  position: number;
  /** Undefined while no engine can take it. */
  secondsUntilStart: number | undefined;
}

/**
 * Renders of the other resolution are before this one if every engine that could take it would take them first. That is so
 * for all that is before a render of 720p; and for one of 480p as long as no engine is there for 480p alone.
 */
export function toOutlook(
  { own, others }: Ahead,
  resolution: Resolution,
  slots: Slots,
  secondsOf: (workload: string) => number,
): Outlook {
  const large = slots['720p'];
  const smallOnly = Math.max(0, slots['480p'] - large);
  const all = large + smallOnly;
  const isBehindOthers = resolution === '720p' || smallOnly === 0;
  const position = 1 + count(own) + (isBehindOthers ? count(others) : 0);
  if (slots[resolution] === 0) return { position, secondsUntilStart: undefined };
  const ownSeconds = work(own, secondsOf);
  // Everybody who is before it, on all engines; unless its own lane is longer than that, or shorter, on the
  // engines that it has to itself.
  const shared = (ownSeconds + work(others, secondsOf)) / all;
  if (resolution === '720p') return { position, secondsUntilStart: Math.max(shared, ownSeconds / large) };
  return { position, secondsUntilStart: smallOnly === 0 ? shared : Math.min(shared, ownSeconds / smallOnly) };
}

function count(renders: Map<string, number>): number {
  return [...renders.values()].reduce((sum, each) => sum + each, 0);
}

function work(renders: Map<string, number>, secondsOf: (workload: string) => number): number {
  return [...renders].reduce((sum, [workload, each]) => sum + each * secondsOf(workload), 0);
}
