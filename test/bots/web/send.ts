// Requests as programs other than browsers make them: fetch forges no headers, and follows what it is told.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Of this machine, that the request comes from. */
  localAddress?: string;
}

export async function send(url: string, { body, ...options }: SendOptions = {}): Promise<Sent> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(url, options, async (response) => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: await text(response.setEncoding('utf8')) });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Any bytes at all, and what comes back until the server hangs up. */
export async function sendBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(bytes);
  return await text(socket);
}

/** The cookies that an answer sets, as a browser sends them back. */
export function cookiesOf({ headers }: Sent): string {
  return (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; ');
}
