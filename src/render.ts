// The domain: what a render is asked for, what it reports, and what comes out. Pure; imports nothing of ours but refusals.
// The size rules are the same as in python/render_server/sizes.py; test/contract/sizes.json holds both to them.
import { z } from 'zod';
import {
  type FITS,
  type FRAMES,
  LARGEST_SEED,
  LONGEST_PROMPT,
  LONGEST_SECONDS,
  QUALITIES,
  RESOLUTIONS,
  SHORTEST_SECONDS,
} from './limits.ts';
import { refusal } from './refusals.ts';

export { LARGEST_SEED, LONGEST_PROMPT, LONGEST_SECONDS, SHORTEST_SECONDS };
export const FRAMES_PER_SECOND = 24;

/** Width times height, in pixels, that the model was trained at for each resolution. */
const RESOLUTION_AREAS = { '480p': 480 * 832, '720p': 704 * 1280 } as const;

/** The model patches its latents 2x2 over a 16x VAE, so both sides must be multiples of 32. */
const SIZE_MULTIPLE = 32;

/** Beyond 3:1 the short side falls under the model's useful range and the picture would be cropped hard. */
export const MAX_ASPECT = 3;

export const resolutionSchema = z.enum(RESOLUTIONS);
export type Resolution = z.infer<typeof resolutionSchema>;

/** `fast` in a few steps with the distilled model, `best` in many with the whole one: on workers of their own. */
export const qualitySchema = z.enum(QUALITIES);
export type Quality = z.infer<typeof qualitySchema>;

export type Fit = (typeof FITS)[number];
export type Frame = (typeof FRAMES)[number];

export interface Size {
  width: number;
  height: number;
}

/** Where a render's status message lives. Plain JSON: it is kept in Redis and outlives every process and token. */
export interface MessageRef {
  platform: string;
  channel: string;
  message: string;
  thread: string;
  /** What its platform alone understands. No credential is among it. */
  details?: Record<string, string>;
}

export interface Member {
  id: string;
  name: string;
}

/** Where a command came from, and what its member is there, by the ids that the platform has for these. */
export interface Place {
  channel?: string | undefined;
  server?: string | undefined;
  roles: string[];
}

/** What a render engine is asked for. `image` names a normalised PNG in the media store. */
export const renderRequestSchema = z.object({
  image: z.string().min(1),
  prompt: z.string().min(1).max(LONGEST_PROMPT),
  negative: z.string().max(LONGEST_PROMPT).default(''),
  resolution: resolutionSchema,
  quality: qualitySchema,
  seconds: z.number().min(SHORTEST_SECONDS).max(LONGEST_SECONDS),
  seed: z.int().min(0).max(LARGEST_SEED),
  width: z.int().positive().multipleOf(SIZE_MULTIPLE),
  height: z.int().positive().multipleOf(SIZE_MULTIPLE),
  frames: z.int().positive(),
});
export type RenderRequest = z.infer<typeof renderRequestSchema>;

/** How far a render is. The engine reports these in this order; `elapsed` is seconds since it took the render. */
const elapsed = z.number().min(0);
const stepped = { step: z.int().min(0), steps: z.int().positive(), elapsed };
export const progressSchema = z.discriminatedUnion('stage', [
  z.object({ stage: z.literal('loading'), elapsed }),
  z.object({ stage: z.literal('encoding_prompt'), elapsed }),
  z.object({ stage: z.literal('encoding_image'), elapsed }),
  z.object({ stage: z.literal('denoising'), ...stepped }),
  z.object({ stage: z.literal('decoding'), ...stepped }),
  z.object({ stage: z.literal('encoding_video'), elapsed }),
]);
export type Progress = z.infer<typeof progressSchema>;

const MAX_STAGE_LENGTH = 40;
const MAX_STAGES = 20;
const MAX_ENGINE_NAME_LENGTH = 200;
/** A model may be the path of a folder. */
export const MAX_MODEL_LENGTH = 4096;

/**
 * What came out of an engine. `seconds` is per stage; `similarity` is the SSIM of the clip's frame 0 to the picture, 0 to 1;
 * `colourDrift` is how far the clip's colours wander from the picture's, in CIELAB: 1 is just visible, 10 is another light.
 */
export const renderResultSchema = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  frames: z.int().positive(),
  fps: z.number().positive(),
  bytes: z.int().positive(),
  seed: z.int().min(0),
  seconds: z
    .record(z.string().max(MAX_STAGE_LENGTH), z.number().min(0))
    .refine((stages) => Object.keys(stages).length <= MAX_STAGES),
  peakGpuBytes: z.int().min(0),
  similarity: z.number().min(-1).max(1),
  colourDrift: z.number().min(0),
  engine: z.string().min(1).max(MAX_ENGINE_NAME_LENGTH),
  model: z.string().min(1).max(MAX_MODEL_LENGTH),
});
export type RenderResult = z.infer<typeof renderResultSchema>;

/** The preview moves a camera over the picture; every other engine is taken for a model. */
export const isMadeWithAi = ({ engine }: Pick<RenderResult, 'engine'>): boolean => engine !== 'preview';

/** How much cropping the picture weighs against rendering fewer pixels than the resolution allows. */
const CROP_WEIGHT = 4;

/**
 * The output size for a picture: of all sizes in multiples of 32 within the resolution's area, the one that loses least,
 * where loss = 4 * |ln(aspect / picture's aspect)| + ln(area allowed / area used). Throws `aspect_too_extreme` beyond 3:1.
 */
export function outputSize(picture: Size, resolution: Resolution): Size {
  const aspect = picture.width / picture.height;
  if (Math.max(aspect, 1 / aspect) > MAX_ASPECT) {
    const { width, height } = picture;
    throw refusal('aspect_too_extreme', { width, height, most: MAX_ASPECT }, { offers: ['crop', 'pad'] });
  }
  const area = RESOLUTION_AREAS[resolution];
  let best: Size = { width: SIZE_MULTIPLE, height: SIZE_MULTIPLE };
  let smallestLoss = Number.POSITIVE_INFINITY;
  for (let width = SIZE_MULTIPLE; width * SIZE_MULTIPLE <= area; width += SIZE_MULTIPLE) {
    for (let height = SIZE_MULTIPLE; width * height <= area; height += SIZE_MULTIPLE) {
      const loss = CROP_WEIGHT * Math.abs(Math.log(width / height / aspect)) + Math.log(area / (width * height));
      if (loss < smallestLoss) {
        best = { width, height };
        smallestLoss = loss;
      }
    }
  }
  return best;
}

/** The frame count nearest to `seconds` at 24 per second that the model can make: 4k+1. */
export function frameCount(seconds: number): number {
  return 4 * Math.floor((seconds * FRAMES_PER_SECOND) / 4 + 0.5) + 1;
}
