// How long a render will take, learned from past renders of the same size: per stage, so that a percentage can be honest.
import type { Progress, Quality, RenderRequest, RenderResult } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const ESTIMATES_KEY = `${KEY_PREFIX}:estimates`;

/** How much a new render counts against what is known: the last five or so decide. */
const LEARNING_RATE = 0.2;

/** Counted for a render of a size that was never rendered before, so that shares and sums have something to go by. */
const UNKNOWN_RENDER_SECONDS = 30;

type Workload = Pick<RenderRequest, 'width' | 'height' | 'frames' | 'quality'>;

type Stage = Progress['stage'];

/** Seconds per stage, in the order in which an engine goes through them. */
export type StageSeconds = Partial<Record<Stage, number>>;

const STAGE_ORDER = [
  'loading',
  'encoding_prompt',
  'encoding_image',
  'denoising',
  'decoding',
  'encoding_video',
] as const satisfies Stage[];

// Shares of the time before anything was learned: measured on a GPU, where decoding is two thirds.
const UNLEARNED_SHARES: StageSeconds = {
  encoding_prompt: 0.02,
  encoding_image: 0.02,
  denoising: 0.3,
  decoding: 0.6,
  encoding_video: 0.06,
};

export type Estimates = ReturnType<typeof createEstimates>;

export function createEstimates(redis: Redis) {
  const read = async (field: string): Promise<StageSeconds | undefined> => {
    const known = await redis.hget(ESTIMATES_KEY, field);
    return known ? (JSON.parse(known) as StageSeconds) : undefined;
  };

  const secondsOf = async (workloads: string[]): Promise<Map<string, number>> => {
    const known = workloads.length > 0 ? await redis.hmget(ESTIMATES_KEY, ...workloads) : [];
    return new Map(
      workloads.map((workload, index) => {
        const stages = known[index];
        return [workload, stages ? totalSeconds(JSON.parse(stages) as StageSeconds) : UNKNOWN_RENDER_SECONDS];
      }),
    );
  };

  return {
    /** Takes in how long each stage of a finished render took. */
    async learn(result: RenderResult, quality: Quality): Promise<void> {
      const field = workloadOf({ ...result, quality });
      const known = await read(field);
      const learned = Object.fromEntries(
        STAGE_ORDER.filter((stage) => stage !== 'loading').map((stage) => {
          const latest = result.seconds[stage] ?? 0;
          const before = known?.[stage] ?? latest;
          return [stage, before + LEARNING_RATE * (latest - before)];
        }),
      );
      await redis.hset(ESTIMATES_KEY, field, JSON.stringify(learned));
    },

    /** Seconds per stage for a render of this size, or undefined until one of its size has finished. */
    async estimate(request: Workload): Promise<StageSeconds | undefined> {
      return read(workloadOf(request));
    },

    /** Seconds of an engine for each of these workloads; a guess for those of which none has finished yet. */
    secondsOf,

    /** The same for one render. */
    async expectedSeconds(request: Workload): Promise<number> {
      const workload = workloadOf(request);
      return (await secondsOf([workload])).get(workload) ?? 0;
    },
  };
}

/** Renders with the same number of pixels take the same time, whichever way up they are. */
export function workloadOf({ width, height, frames, quality }: Workload): string {
  const roundedMegapixels = Math.round((width * height) / 50_000) / 20;
  return `${roundedMegapixels}x${frames} ${quality}`;
}

export function totalSeconds(stages: StageSeconds): number {
  return Object.values(stages).reduce((total, seconds) => total + seconds, 0);
}

/** How much of a render is behind it, 0 to 1, weighing each stage by how long it usually takes. */
export function fractionDone(progress: Progress, learned: StageSeconds | undefined): number {
  const stages = learned ?? UNLEARNED_SHARES;
  const index = STAGE_ORDER.indexOf(progress.stage);
  const before = STAGE_ORDER.slice(0, index).reduce((total, stage) => total + (stages[stage] ?? 0), 0);
  const within = 'steps' in progress ? (stages[progress.stage] ?? 0) * (progress.step / progress.steps) : 0;
  const total = totalSeconds(stages);
  return total > 0 ? Math.min(1, (before + within) / total) : 0;
}
