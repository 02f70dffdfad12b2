// Talks to one render server: HTTP over its unix socket, in the words of DESIGN's contract.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import { OperationError } from '../errors.ts';
import {
  cancelAnswerSchema,
  type EngineCancelAnswer,
  type EngineEvent,
  type EngineHealth,
  engineEventSchema,
  healthSchema,
  type RenderBody,
  refusalSchema,
} from './protocol.ts';

// The host is never looked up: the agent connects to the socket.
const ORIGIN = 'http://render-server';

/** Plain answers come from memory; one that takes longer has hung. */
const ANSWER_TIMEOUT_MS = 5000;

export type EngineClient = ReturnType<typeof createEngineClient>;

export function createEngineClient(socketPath: string) {
  // Events may be far apart; silence is judged by the caller, who knows the stage.
  const agent = new Agent({ connect: { socketPath }, bodyTimeout: 0, headersTimeout: 0 });

  const call = async <Answer>(
    method: 'GET' | 'PUT' | 'DELETE',
    path: string,
    schema: z.ZodType<Answer>,
    signal: AbortSignal,
    body?: object,
  ): Promise<Answer> => {
    const { statusCode, body: answer } = await send(
      agent,
      method,
      path,
      AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      body,
    );
    const json = await answer.json();
    if (statusCode >= 400) throw toRefusal(statusCode, json);
    return parse(schema, json, path);
  };

  return {
    async health(signal: AbortSignal): Promise<EngineHealth> {
      return call('GET', '/health', healthSchema, signal);
    },

    /** Starts a render, or joins it if this server already has it; then yields its events from the first one on. */
    async *render(id: string, body: RenderBody, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
      const put = await send(
        agent,
        'PUT',
        `/renders/${id}`,
        AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
        body,
      );
      if (put.statusCode >= 400) throw toRefusal(put.statusCode, await put.body.json());
      await put.body.dump();
      const { statusCode, body: stream } = await send(agent, 'GET', `/renders/${id}/events`, signal);
      if (statusCode >= 400) throw toRefusal(statusCode, await stream.json());
      yield* readEvents(stream);
    },

    /** Stops a render. Resolves when its GPU is free again, or when the engine is being replaced for it. */
    async cancel(id: string, signal: AbortSignal): Promise<EngineCancelAnswer> {
      return call('DELETE', `/renders/${id}`, cancelAnswerSchema, signal);
    },

    async close(): Promise<void> {
      await agent.destroy();
    },
  };
}

async function send(
  dispatcher: Agent,
  method: 'GET' | 'PUT' | 'DELETE',
  path: string,
  signal: AbortSignal,
  body?: object,
) {
  try {
    return await request(`${ORIGIN}${path}`, {
      dispatcher,
      method,
      signal,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new OperationError('engine_unreachable', 'The render engine does not answer.', { cause });
  }
}

async function* readEvents(stream: AsyncIterable<Uint8Array>): AsyncGenerator<EngineEvent, void> {
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => arrived.push(message) });
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const message of arrived.splice(0)) yield parse(engineEventSchema, JSON.parse(message.data), 'events');
  }
}

function parse<Value>(schema: z.ZodType<Value>, json: unknown, what: string): Value {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new OperationError(
    'engine_protocol',
    `The render engine answered ${what} with something that is not in the contract.`,
    {
      cause: parsed.error,
    },
  );
}

function toRefusal(statusCode: number, json: unknown): OperationError {
  const { message } = parse(refusalSchema, json, `status ${statusCode}`);
  if (statusCode === 409) return new OperationError('engine_busy', message);
  if (statusCode === 503) return new OperationError('engine_not_ready', message);
  return new OperationError('engine_protocol', message, { isRetryable: false });
}
