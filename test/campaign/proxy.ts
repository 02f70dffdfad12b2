// A TCP proxy between one process and Redis, which cuts, slows or silences its connections.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export type Way = Awaited<ReturnType<typeof startProxy>>;

export async function startProxy(target: NetConnectOpts) {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let silenced: Promise<void> | undefined;

  const carry = (from: Socket, to: Socket): void => {
    const held = new Transform({
      async transform(chunk, _encoding, done) {
        await silenced;
        if (delayMs > 0) setTimeout(() => done(null, chunk), delayMs);
        else done(null, chunk);
      },
    });
    from.pipe(held).pipe(to);
    const end = () => {
      from.destroy();
      to.destroy();
    };
    from.on('error', end).on('close', () => {
      sockets.delete(from);
      end();
    });
  };

  const server = createServer((near) => {
    const far = connect(target);
    for (const socket of [near, far]) sockets.add(socket.setNoDelay());
    carry(near, far);
    carry(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `redis://127.0.0.1:${port}`,

    cut(): void {
      for (const socket of sockets) socket.destroy();
    },

    /** Every chunk comes so much later. 0 ends it. */
    slow(ms: number): void {
      delayMs = ms;
    },

    /** Nothing comes through until the promise resolves, and no connection ends. */
    silence(until: Promise<void>): void {
      silenced = until;
    },

    close(): void {
      server.close();
      this.cut();
    },
  };
}
