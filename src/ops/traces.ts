// Sends traces to a collector by OTLP over HTTP. OpenTelemetry's own words stay in here.
import { ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Tracer } from '../trace.ts';

const SEND_EVERY_MS = 1000;

export interface TracesOptions {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT has it: `/v1/traces` is added. */
  endpoint: string;
  headers: Record<string, string>;
  version: string;
  /** Which process of ours it is. */
  instance: string;
  log: Logger;
  /** How the collector is reached. */
  outgoing: Pick<Outgoing, 'agentOf'>;
}

export interface Traces extends Tracer {
  /** Sends what is left. */
  close(): Promise<void>;
}

export function createTraces({ endpoint, headers, version, instance, log, outgoing }: TracesOptions): Traces {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const agent = outgoing.agentOf(url);
  const exporter = tellOnce(
    new OTLPTraceExporter({ url, headers, ...(agent && { httpAgentOptions: () => agent }) }),
    log,
  );
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'animate-bot',
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS })],
  });
  const tracer = provider.getTracer('animate-bot', version);

  return {
    async span(name, { parent, startedAt, attributes }, act) {
      const context = readParent(parent);
      const span = tracer.startSpan(
        name,
        { ...(attributes && { attributes }), ...(startedAt !== undefined && { startTime: startedAt }) },
        context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT,
      );
      const { traceId, spanId } = span.spanContext();
      try {
        return await act({
          context: `00-${traceId}-${spanId}-01`,
          add: (more) => void span.setAttributes(more),
        });
      } catch (error) {
        // The code alone: a message may hold what a member wrote.
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
        throw error;
      } finally {
        span.end();
      }
    },

    close: () => provider.shutdown(),
  };
}

/** See https://www.w3.org/TR/trace-context/#traceparent-header */
function readParent(parent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(parent ?? '') ?? [];
  return traceId && spanId ? { traceId, spanId, traceFlags: 1, isRemote: true } : undefined;
}

/** A collector that is away costs traces and nothing else: one line when that begins. */
function tellOnce(exporter: SpanExporter, log: Logger): SpanExporter {
  let isAway = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !isAway) log.warn('The traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT');
        isAway = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
