// One render's way through bots and workers, for whoever collects traces; src/ops/traces.ts sends it off.

export type SpanAttributes = Record<string, string | number | boolean>;

export interface Span {
  /** What a later part of the same way is told as its `parent`: W3C's traceparent. Undefined where nothing is traced. */
  context: string | undefined;
  add(attributes: SpanAttributes): void;
}

export interface SpanOptions {
  parent?: string | undefined;
  /** Milliseconds since the epoch, for what began before it was known. */
  startedAt?: number;
  /** Figures and codes; never words of a member's, nor who they are. */
  attributes?: SpanAttributes;
}

export interface Tracer {
  /** A part of the way, for as long as `act` takes. */
  span<Value>(name: string, options: SpanOptions, act: (span: Span) => Promise<Value>): Promise<Value>;
}

export const NO_TRACES: Tracer = {
  span: (_name, _options, act) => act({ context: undefined, add: () => undefined }),
};
