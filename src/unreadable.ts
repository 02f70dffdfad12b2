// What Node refuses by itself, before there is a request that a route or a hook could answer: here it gets the headers of every answer.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** The others are 400. */
const STATUS_OF: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

export interface Refused {
  headers: Record<string, string>;
  /** The same for whatever it was: what cannot be read is not repeated. */
  body: unknown;
}

/** For bytes that are no request. */
export function createClientErrorHandler({ headers, body }: Refused) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const status = STATUS_OF[error.code ?? ''] ?? 400;
    const text = JSON.stringify(body);
    const lines = Object.entries({ ...headers, ...describe(text), connection: 'close' });
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  };
}

/** For what a client expects and nobody promised. */
export function refuseExpectations(server: Server, { headers, body }: Refused): void {
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const text = JSON.stringify(body);
    response.writeHead(417, { ...headers, ...describe(text) }).end(text);
  });
}

/** HTTP/1.1 wants a host; Node would refuse it with nothing but a status. */
export function lacksHost({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.host === undefined;
}

function describe(text: string): Record<string, string> {
  return { 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(text)) };
}
