// A collector of traces: takes OTLP in JSON over HTTP, and keeps what came.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number; message?: string };
}

interface Export {
  resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[];
}

export async function startCollector() {
  const bodies: string[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.url === '/v1/traces') {
      bodies.push(body);
      headers.push(request.headers);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    for (const look of watchers) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const spans = (): CollectedSpan[] =>
    bodies.flatMap((body) =>
      (JSON.parse(body) as Export).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All that was sent, as it came. */
    bodies,
    headers,
    spans,
    until(isIt: (spans: CollectedSpan[]) => boolean): Promise<CollectedSpan[]> {
      return new Promise((resolve) => {
        const look = () => {
          if (!isIt(spans())) return;
          watchers.delete(look);
          resolve(spans());
        };
        watchers.add(look);
        look();
      });
    },
    async close(): Promise<void> {
      server.close();
      server.closeAllConnections();
    },
  };
}
