// Talks to one render server: HTTP over its unix socket, in the words of DESIGN's contract.
// Whatever goes wrong is thrown as an OperationError; only an abort by the caller is thrown as the caller's own reason.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import { createDeadline, type Deadline } from '../deadline.ts';
import { OperationError, type OperationErrorCode } from '../errors.ts';
import { connectorTo } from './engine-socket.ts';
import {
  cancelAnswerSchema,
  type EngineCancelAnswer,
  type EngineEvent,
  type EngineHealth,
  engineEventSchema,
  healthSchema,
  type RefusalCode,
  type RenderBody,
  refusalSchema,
} from './protocol.ts';

// The host is never looked up: the agent connects to the socket.
const ORIGIN = 'http://render-server';

/** Plain answers come from memory; one that takes longer has hung. */
const ANSWER_TIMEOUT_MS = 5000;

/** What each refusal means to us, and whether asking another time, or another engine, can help. */
const REFUSALS = {
  busy: { code: 'engine_busy', isRetryable: true },
  not_ready: { code: 'engine_not_ready', isRetryable: true },
  // Between its start and its events a render is only forgotten by a server that was replaced.
  unknown_render: { code: 'engine_exited', isRetryable: true },
  internal_error: { code: 'engine_protocol', isRetryable: true },
  different_request: { code: 'engine_protocol', isRetryable: false },
  bad_request: { code: 'engine_protocol', isRetryable: false },
  not_found: { code: 'engine_protocol', isRetryable: false },
  method_not_allowed: { code: 'engine_protocol', isRetryable: false },
} satisfies Record<RefusalCode, { code: OperationErrorCode; isRetryable: boolean }>;

/** Health, the largest answer, is about 1 KiB; an event is smaller. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A render reports a few hundred times. */
const MAX_EVENTS = 10_000;

type Method = 'GET' | 'PUT' | 'DELETE';

interface Answer {
  statusCode: number;
  json: unknown;
}

export interface EngineClientOptions {
  /** For a whole answer, and for the first byte of a render's events. */
  answerTimeoutMs?: number;
}

export type EngineClient = ReturnType<typeof createEngineClient>;

export function createEngineClient(
  socketPath: string,
  { answerTimeoutMs = ANSWER_TIMEOUT_MS }: EngineClientOptions = {},
) {
  // Events may be far apart; silence is judged by the caller, who knows the stage.
  const agent = new Agent({ connect: connectorTo(socketPath), bodyTimeout: 0, headersTimeout: 0 });

  const send = (method: Method, path: string, signal: AbortSignal, body?: object) =>
    request(`${ORIGIN}${path}`, {
      dispatcher: agent,
      method,
      signal,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });

  const ask = async (method: Method, path: string, signal: AbortSignal, body?: object): Promise<Answer> => {
    using limit = createDeadline([signal]);
    limit.start(answerTimeoutMs);
    try {
      const { statusCode, body: answer } = await send(method, path, limit.signal, body);
      return { statusCode, json: parseJson(await readText(answer, path), path) };
    } catch (error) {
      throw toFault(error, signal, 'engine_unreachable', 'The render engine does not answer.');
    }
  };

  const openEvents = async (path: string, signal: AbortSignal, limit: Deadline) => {
    try {
      const { statusCode, body } = await send('GET', path, limit.signal);
      if (!isSuccess(statusCode)) throw toRefusal({ statusCode, json: parseJson(await readText(body, path), path) });
      limit.lift();
      return body;
    } catch (error) {
      throw toFault(error, signal, 'engine_unreachable', 'The render engine does not answer.');
    }
  };

  return {
    async health(signal: AbortSignal): Promise<EngineHealth> {
      return readAnswer(await ask('GET', '/health', signal), healthSchema, '/health');
    },

    /** Starts a render, or joins it if this server already has it; then yields its events from the first to the last. */
    async *render(id: string, body: RenderBody, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
      const path = `/renders/${id}`;
      readAnswer(await ask('PUT', path, signal, body), healthSchema, path);
      using limit = createDeadline([signal]);
      limit.start(answerTimeoutMs);
      yield* readEvents(await openEvents(`${path}/events`, signal, limit), signal);
    },

    /** Stops a render. Resolves when its GPU is free again, or when the engine is being replaced for it. */
    async cancel(id: string, signal: AbortSignal): Promise<EngineCancelAnswer> {
      const path = `/renders/${id}`;
      const answer = await ask('DELETE', path, signal);
      // The cancel may be faster than the render that it is for.
      if (refusalSchema.safeParse(answer.json).data?.code === 'unknown_render') {
        return { freed: 'not_running', seconds: 0 };
      }
      return readAnswer(answer, cancelAnswerSchema, path);
    },

    async close(): Promise<void> {
      await agent.destroy();
    },
  };
}

async function* readEvents(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
  const arrived: EventSourceMessage[] = [];
  // What came since the last whole event or comment, which the parser holds.
  let pending = 0;
  const received = () => {
    pending = 0;
  };
  const parser = createParser({
    onEvent: (message) => {
      received();
      arrived.push(message);
    },
    onComment: received,
  });
  let count = 0;
  const decoder = new TextDecoder();
  let isOver = false;
  try {
    for await (const chunk of stream) {
      pending += chunk.length;
      parser.feed(decoder.decode(chunk, { stream: true }));
      count += arrived.length;
      if (pending > MAX_ANSWER_BYTES || count > MAX_EVENTS) throw outsideTheContract('events', undefined);
      for (const message of arrived.splice(0)) {
        if (message.data.length > MAX_ANSWER_BYTES) throw outsideTheContract('events', undefined);
        const event = parse(engineEventSchema, parseJson(message.data, 'events'), 'events');
        isOver ||= event.stage === 'done' || event.stage === 'failed';
        yield event;
      }
    }
  } catch (error) {
    throw toFault(
      error,
      signal,
      'engine_exited',
      'The connection to the render engine broke in the middle of the render.',
    );
  }
  if (!isOver) {
    throw new OperationError('engine_exited', 'The render engine closed the connection in the middle of the render.');
  }
}

async function readText(stream: AsyncIterable<Uint8Array>, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw outsideTheContract(what, undefined);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer<Value>({ statusCode, json }: Answer, schema: z.ZodType<Value>, what: string): Value {
  if (!isSuccess(statusCode)) throw toRefusal({ statusCode, json });
  return parse(schema, json, what);
}

function isSuccess(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function toRefusal({ statusCode, json }: Answer): OperationError {
  const { code: refused, message } = parse(refusalSchema, json, `status ${statusCode}`);
  const { code, isRetryable } = REFUSALS[refused];
  return new OperationError(code, message, { isRetryable });
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw outsideTheContract(what, cause);
  }
}

function parse<Value>(schema: z.ZodType<Value>, json: unknown, what: string): Value {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw outsideTheContract(what, parsed.error);
}

function outsideTheContract(what: string, cause: unknown): OperationError {
  return new OperationError(
    'engine_protocol',
    `The render engine answered ${what} with something that is not in the contract.`,
    { cause },
  );
}

function toFault(cause: unknown, signal: AbortSignal, code: OperationErrorCode, message: string): unknown {
  if (signal.aborted) return signal.reason;
  return cause instanceof OperationError ? cause : new OperationError(code, message, { cause });
}
