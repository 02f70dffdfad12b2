// The open pages: whoever watches the channel hears of each change. Server-sent events, no library needed.
import type { ServerResponse } from 'node:http';

/** Proxies and phones drop a connection that says nothing; most wait a minute. */
const HEARTBEAT_MS = 15_000;

/** A page that has not read this much is asleep: it is let go, and reads the channel anew when it wakes. */
const MOST_UNREAD_BYTES = 512 * 1024;

/** Each open page is one; together they may hold 100 MiB unread. */
export const MAX_WATCHERS = 200;
/** With one pass: a browser's tabs. Where no token is asked for, nobody is told apart. */
export const MAX_WATCHERS_OF_ONE = 50;

export interface LiveFeed {
  isFull(pass: string | undefined): boolean;
  /** Takes over a response whose headers are set, with the pass that let it in, or of whoever needs none. */
  join(response: ServerResponse, pass: string | undefined): void;
  /** Lets go of those whose pass lets nobody in any more. */
  recheck(): Promise<void>;
  send(event: 'message' | 'removed', data: unknown): void;
  close(): void;
}

/** `living` resolves to the passes that let anybody in. */
export function createLiveFeed(living: () => Promise<Set<string>>): LiveFeed {
  const watchers = new Map<ServerResponse, string | undefined>();
  const write = (text: string) => {
    for (const watcher of watchers.keys()) {
      watcher.write(text);
      if (watcher.writableLength > MOST_UNREAD_BYTES) {
        watchers.delete(watcher);
        watcher.destroy();
      }
    }
  };
  const recheck = async () => {
    if (![...watchers.values()].some((pass) => pass !== undefined)) return;
    const passes = await living();
    for (const [watcher, pass] of watchers) {
      if (pass !== undefined && !passes.has(pass)) watcher.end();
    }
  };
  const heartbeat = setInterval(() => {
    write(': still here\n\n');
    // Another bot may have ended some. While Redis is away nothing is known of them, and nothing is told to them.
    recheck().catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    isFull(pass) {
      const own = [...watchers.values()].filter((each) => each !== undefined && each === pass).length;
      return watchers.size >= MAX_WATCHERS || own >= MAX_WATCHERS_OF_ONE;
    },
    recheck,
    join(response, pass) {
      watchers.set(response, pass);
      response.on('close', () => watchers.delete(response));
      // A page that is closed at this very moment; unheard, it would end the process.
      response.on('error', () => watchers.delete(response));
      response.write('retry: 1000\n\n');
    },
    send(event, data) {
      write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    close() {
      clearInterval(heartbeat);
      for (const watcher of watchers.keys()) watcher.end();
    },
  };
}
