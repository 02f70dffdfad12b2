// Socket Mode: hello, envelopes until they are acknowledged, warnings before a disconnect, and connections that just break.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { APP_ID, type FakeEvent, type Json, type World } from './world.ts';

const PING_MS = 10_000;
const MOST_CONNECTIONS = 10;
const LEAVE_MS = 200;

interface Sent {
  event: FakeEvent;
  socket: WebSocket;
  onAcknowledged(response: Json | undefined): void;
  onLost(): void;
}

export type Socket = ReturnType<typeof serveSocket>;

export function serveSocket(server: Server, world: World) {
  // Pings are answered by hand, as late as a test says: Slack's own answers take more than two seconds at times (bolt-js#2496).
  const sockets = new WebSocketServer({ noServer: true, autoPong: false });
  const pong = { afterMs: 0, count: 0 };
  const tickets = new Set<string>();
  const open = new Map<string, Sent>();
  let live: WebSocket[] = [];
  let hellos = 0;
  let onHello = (): void => undefined;

  const host = 'applink-of-tests';
  const send = (socket: WebSocket, message: Json): void => socket.send(JSON.stringify(message));

  const greet = (socket: WebSocket): void => {
    live.push(socket);
    hellos += 1;
    send(socket, {
      type: 'hello',
      num_connections: live.length,
      debug_info: { host, build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: APP_ID },
    });
    world.tell();
    onHello();
  };

  const lose = (socket: WebSocket): void => {
    live = live.filter((each) => each !== socket);
    for (const [id, sent] of open) {
      if (sent.socket !== socket) continue;
      open.delete(id);
      sent.onLost();
    }
    world.tell();
  };

  sockets.on('connection', (socket) => {
    const ping = setInterval(() => socket.ping('Ping from applink'), PING_MS);
    socket.on('close', () => {
      clearInterval(ping);
      lose(socket);
    });
    socket.on('ping', (data) => {
      setTimeout(() => {
        if (socket.readyState !== socket.OPEN) return;
        socket.pong(data);
        pong.count += 1;
        world.tell();
      }, pong.afterMs);
    });
    socket.on('error', () => socket.terminate());
    socket.on('message', (text) => {
      const { envelope_id: id, payload } = JSON.parse(String(text)) as { envelope_id: string; payload?: Json };
      const sent = open.get(id);
      open.delete(id);
      sent?.onAcknowledged(payload && Object.keys(payload).length > 0 ? payload : undefined);
    });
    greet(socket);
  });

  server.on('upgrade', (request, stream, head) => {
    const url = new URL(request.url ?? '', 'ws://127.0.0.1');
    // An address is for one connection.
    if (!tickets.delete(url.searchParams.get('ticket') ?? '') || live.length >= MOST_CONNECTIONS) {
      stream.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket));
  });

  return {
    /** How many connections there are now, and how many there have been. */
    get connections() {
      return live.length;
    },
    get hellos() {
      return hellos;
    },
    /** How many pings were answered. */
    get pongs() {
      return pong.count;
    },

    answerPingsAfter(ms: number): void {
      pong.afterMs = ms;
    },

    newUrl(): string {
      const ticket = randomUUID();
      tickets.add(ticket);
      const { port } = server.address() as { port: number };
      return `ws://127.0.0.1:${port}/link/?ticket=${ticket}&app_id=${APP_ID}`;
    },

    onHello(listener: () => void): void {
      onHello = listener;
    },

    /** False if there is nobody to send it to. */
    deliver(
      event: FakeEvent,
      retry: { number: number; reason: string } | undefined,
      on: Omit<Sent, 'event' | 'socket'>,
    ): boolean {
      const socket = live.at(-1);
      if (!socket) return false;
      const id = randomUUID();
      open.set(id, { event, socket, ...on });
      send(socket, {
        envelope_id: id,
        type: event.type,
        payload: event.payload,
        accepts_response_payload: event.type !== 'events_api',
        ...(event.type === 'events_api' && { retry_attempt: retry?.number ?? 0, retry_reason: retry?.reason ?? '' }),
      });
      return true;
    },

    /** Slack asks the bot to come back on another connection. */
    disconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled' = 'refresh_requested'): void {
      for (const socket of live) send(socket, { type: 'disconnect', reason, debug_info: { host } });
    },

    /** All connections break without a word. */
    drop(): void {
      for (const socket of live) socket.terminate();
    },

    async close(): Promise<void> {
      // Who is there, or about to go, may finish saying so.
      for (const socket of sockets.clients) socket.close(1001);
      await Promise.race([Promise.all([...sockets.clients].map((socket) => once(socket, 'close'))), sleep(LEAVE_MS)]);
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
