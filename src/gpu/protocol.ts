// The render server's messages as this side reads and writes them. test/contract/render-server.json holds both sides to them.
import { z } from 'zod';
import { progressSchema, renderResultSchema } from '../render.ts';

export const healthSchema = z.object({
  state: z.enum(['loading', 'ready', 'busy', 'failed']),
  engine: z.string(),
  model: z.string(),
  executor: z.string(),
  gpu: z
    .object({
      name: z.string(),
      totalBytes: z.int().min(0),
      freeBytes: z.int().min(0),
      architectures: z.array(z.string()),
    })
    .nullable(),
  renderId: z.string().nullable(),
  rendersDone: z.int().min(0),
  lastError: z.object({ code: z.string(), message: z.string() }).nullable(),
  pid: z.int().positive(),
});
export type EngineHealth = z.infer<typeof healthSchema>;

/** What a render server is asked for. `image` is a bare file name in its inputs folder. */
export interface RenderBody {
  image: string;
  prompt: string;
  negative: string;
  width: number;
  height: number;
  frames: number;
  seed: number;
}

export const engineEventSchema = z.union([
  progressSchema,
  z.object({ stage: z.literal('done'), elapsed: z.number().min(0), result: renderResultSchema }),
  z.object({
    stage: z.literal('failed'),
    elapsed: z.number().min(0),
    code: z.string(),
    message: z.string(),
    retry: z.boolean(),
  }),
]);
export type EngineEvent = z.infer<typeof engineEventSchema>;

export const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** What became of the engine when a render was cancelled. */
export const cancelAnswerSchema = z.object({
  freed: z.enum(['released', 'recycling', 'not_running']),
  seconds: z.number().min(0),
});
export type EngineCancelAnswer = z.infer<typeof cancelAnswerSchema>;
