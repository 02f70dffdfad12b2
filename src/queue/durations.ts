// How long the latest renders of each setting took on an engine: what half of them, and 95 of 100, stay under.
import { QUALITIES, RESOLUTIONS } from '../limits.ts';
import { LONGEST_SECONDS, type RenderRequest, SHORTEST_SECONDS } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Of each setting. */
const KEPT = 200;

type Setting = Pick<RenderRequest, 'resolution' | 'quality' | 'seconds'>;

export interface Durations extends Setting {
  renders: number;
  median: number;
  p95: number;
}

export type DurationLog = ReturnType<typeof createDurationLog>;

export function createDurationLog(redis: Redis) {
  return {
    async add(setting: Setting, engineSeconds: number): Promise<void> {
      const key = keyOf(setting);
      await redis
        .multi()
        .lpush(key, engineSeconds.toFixed(3))
        .ltrim(key, 0, KEPT - 1)
        .exec();
    },

    /** Of every setting that was rendered. */
    async list(): Promise<Durations[]> {
      const found = await Promise.all(
        everySetting().map(async (setting) => ({ setting, kept: await redis.lrange(keyOf(setting), 0, -1) })),
      );
      return found
        .filter(({ kept }) => kept.length > 0)
        .map(({ setting, kept }) => {
          const sorted = kept.map(Number).sort((one, other) => one - other);
          return { ...setting, renders: kept.length, median: rank(sorted, 0.5), p95: rank(sorted, 0.95) };
        });
    },
  };
}

/** By the whole second: there are few settings, however finely members ask. */
function keyOf({ resolution, quality, seconds }: Setting): string {
  return `${KEY_PREFIX}:durations:${resolution}:${quality}:${Math.round(seconds)}`;
}

function everySetting(): Setting[] {
  const lengths = Array.from(
    { length: LONGEST_SECONDS - SHORTEST_SECONDS + 1 },
    (_, index) => SHORTEST_SECONDS + index,
  );
  return RESOLUTIONS.flatMap((resolution) =>
    QUALITIES.flatMap((quality) => lengths.map((seconds) => ({ resolution, quality, seconds }))),
  );
}

/** The smallest of them that so much of them stays under or at. */
function rank(sorted: number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
