// A proxy for HTTP, as companies have them: tunnels by CONNECT, passes on requests with a whole address, and is the only one
// that knows the names that end in `.test`, all of which are this machine.
import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface TestProxy extends AsyncDisposable {
  url: string;
  /** Each host and port that was asked for. */
  targets: string[];
  /** Requests without the right credentials. */
  refused: number;
}

export interface TestProxyOptions {
  /** `name:password`; without, anybody may come. */
  credentials?: string;
  /** What everything is answered with in the place of a connection. */
  status?: number;
}

export async function startProxy({ credentials, status }: TestProxyOptions = {}): Promise<TestProxy> {
  const proxy = { url: '', targets: [] as string[], refused: 0 };
  const sockets = new Set<Socket>();
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;

  /** The status to refuse with. */
  const refusalOf = ({ headers }: IncomingMessage, target: URL): number | undefined => {
    proxy.targets.push(target.host);
    if (wanted !== undefined && headers['proxy-authorization'] !== wanted) {
      proxy.refused += 1;
      return 407;
    }
    if (status !== undefined) return status;
    return target.hostname.endsWith('.test') ? undefined : 502;
  };

  const server = createServer((request, response) => {
    const target = new URL(request.url ?? '', 'http://not-a-request-for-a-proxy');
    const refusal = refusalOf(request, target);
    if (refusal !== undefined) {
      response.writeHead(refusal, { 'content-type': 'text/html' }).end('<html>The proxy refuses.</html>');
      return;
    }
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
    const address = { host: '127.0.0.1', port: target.port, path: `${target.pathname}${target.search}` };
    const passed = ask({ ...address, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, client: Socket, head) => {
    const target = new URL(`http://${request.url}`);
    const refusal = refusalOf(request, target);
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const there = connect({ host: '127.0.0.1', port: Number(target.port) }, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      there.write(head);
      there.pipe(client).pipe(there);
    });
    there.on('error', () => client.destroy());
    client.on('close', () => there.destroy());
    there.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}
