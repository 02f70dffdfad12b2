// Makes the socket to Slack again where it ended. The SDK would do so itself, but where Slack does not give it another, its
// rejection is heard by nobody and ends the process.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketModeReceiver } from '@slack/bolt';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

type Client = Pick<SocketModeReceiver['client'], 'on' | 'emit' | 'start'>;

/** `heard` is told how each try ended. The caller repeats a first connection itself. */
export function keepConnected(client: Client, heard: (error?: unknown) => void): { stop(): void } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isThere = false;

  const connectAgain = async (): Promise<void> => {
    for (
      let delayMs = 0;
      !signal.aborted;
      delayMs = Math.min(Math.max(delayMs * 2, FIRST_RETRY_MS), LONGEST_RETRY_MS)
    ) {
      client.emit('reconnecting');
      try {
        await sleep(delayMs, undefined, { signal });
        await client.start();
        return;
      } catch (error) {
        if (!signal.aborted) heard(error);
      }
    }
  };

  client.on('connected', () => {
    isThere = true;
    heard();
  });
  client.on('disconnected', () => {
    if (!isThere) return;
    isThere = false;
    void connectAgain();
  });
  return { stop: () => stopping.abort() };
}
