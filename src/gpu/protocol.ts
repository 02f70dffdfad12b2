// The render server's messages as this side reads and writes them. test/contract/render-server.json holds both sides to them.
import { z } from 'zod';
import { MAX_MODEL_LENGTH, progressSchema, renderResultSchema } from '../render.ts';

/** Why a server does not do what it is asked. */
export const REFUSAL_CODES = [
  'busy',
  'different_request',
  'not_ready',
  'bad_request',
  'unknown_render',
  'not_found',
  'method_not_allowed',
  'internal_error',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why a render failed. */
export const FAILURE_CODES = [
  'cancelled',
  'engine_error',
  'engine_exited',
  'frames_missing',
  'gpu_memory_short',
  'picture_broken',
  'picture_ignored',
  'server_stopped',
] as const;

/** Why an engine is not there. */
export const HEALTH_ERROR_CODES = ['engine_exited', 'engine_not_loaded', 'gpu_lost'] as const;

// An engine may be of a later release than we are. What people read is its sentence, so a code that is new to us is taken
// for the most general one.
const failureCodeSchema = z.enum(FAILURE_CODES).catch('engine_error');
const healthErrorCodeSchema = z.enum(HEALTH_ERROR_CODES).catch('engine_exited');

// What an engine says is shown to members and kept in Redis. A name that is too long is no name; a sentence is cut.
const MAX_NAME_LENGTH = 200;
const MAX_SENTENCE_LENGTH = 500;
const MAX_ARCHITECTURES = 100;
const nameSchema = z.string().max(MAX_NAME_LENGTH);
const sentenceSchema = z.string().transform((text) => text.slice(0, MAX_SENTENCE_LENGTH));

export const healthSchema = z.object({
  state: z.enum(['loading', 'ready', 'busy', 'failed']),
  engine: nameSchema,
  model: z.string().max(MAX_MODEL_LENGTH),
  executor: nameSchema,
  /** What stays on the GPU and what is streamed to it, in words; null until loaded, or where there is none. */
  memory: sentenceSchema.nullable(),
  gpu: z
    .object({
      name: nameSchema,
      totalBytes: z.int().min(0),
      freeBytes: z.int().min(0),
      architectures: z.array(nameSchema).max(MAX_ARCHITECTURES),
    })
    .nullable(),
  renderId: nameSchema.nullable(),
  rendersDone: z.int().min(0),
  lastError: z.object({ code: healthErrorCodeSchema, message: sentenceSchema }).nullable(),
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
    code: failureCodeSchema,
    message: sentenceSchema,
    retry: z.boolean(),
  }),
]);
export type EngineEvent = z.infer<typeof engineEventSchema>;

export const refusalSchema = z.object({ code: z.enum(REFUSAL_CODES), message: sentenceSchema });

/** What became of the engine when a render was cancelled. */
export const cancelAnswerSchema = z.object({
  freed: z.enum(['released', 'recycling', 'not_running']),
  seconds: z.number().min(0),
});
export type EngineCancelAnswer = z.infer<typeof cancelAnswerSchema>;
