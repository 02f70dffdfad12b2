// Which clips does a GPU have the memory for?
import { type Resolution, resolutionSchema } from '../render.ts';
import type { Gpu } from './devices.ts';

const GIBIBYTE = 2 ** 30;

/**
 * The least free memory that a clip of five seconds was rendered in, in GiB, with what does not fit streamed from ordinary
 * memory. Measured: docs/benchmarks.md, smaller cards.
 */
const NEEDED_GIBIBYTES: Record<Resolution, number> = { '480p': 9.5, '720p': 15.5 };

export function resolutionsOf({ memoryBytes }: Gpu): Resolution[] {
  return resolutionSchema.options.filter((resolution) => memoryBytes >= NEEDED_GIBIBYTES[resolution] * GIBIBYTE);
}

/** Why a GPU is left out. */
export function describeTooSmall({ index, name, memoryBytes }: Gpu): string {
  const has = (memoryBytes / GIBIBYTE).toFixed(1);
  return `GPU ${index} (${name}) has ${has} GiB of memory; expected at least ${NEEDED_GIBIBYTES['480p']} for 480p.`;
}
