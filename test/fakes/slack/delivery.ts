// How the bot is told: by socket or by a signed request, again if it does not acknowledge an event, and never twice for a press.
import { createHmac } from 'node:crypto';
import { stringify } from 'node:querystring';
import type { Socket } from './socket.ts';
import type { FakeEvent, Json, World } from './world.ts';

export const ACKNOWLEDGE_WITHIN_MS = 3000;
/** When Slack tells an event again that was not acknowledged. */
const RETRY_AFTER_MS = [0, 60_000, 300_000];

export interface DeliveryOptions {
  world: World;
  socket: Socket;
  signingSecret: string;
  retryAfterMs?: number[];
}

export type Delivery = ReturnType<typeof createDelivery>;

export function createDelivery({ world, socket, signingSecret, retryAfterMs = RETRY_AFTER_MS }: DeliveryOptions) {
  const timers = new Set<NodeJS.Timeout>();
  const ending = new AbortController();
  /** Events that found nobody there. */
  const undelivered = new Set<FakeEvent>();
  let requestUrl: string | undefined;

  const after = (ms: number, run: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
    return timer;
  };

  const acknowledge = (event: FakeEvent, response: Json | undefined): void => {
    event.acknowledgedAfter ??= Date.now() - event.sentAt;
    event.response ??= response;
    world.tell();
  };

  const retry = (event: FakeEvent, reason: string, number: number): void => {
    if (event.type !== 'events_api' || event.acknowledgedAfter !== undefined) return;
    const wait = retryAfterMs[number - 1];
    if (wait !== undefined) after(wait, () => send(event, { number, reason }));
  };

  const sendBySocket = (event: FakeEvent, again: { number: number; reason: string } | undefined): void => {
    const number = (again?.number ?? 0) + 1;
    const timer = after(ACKNOWLEDGE_WITHIN_MS, () => retry(event, 'timeout', number));
    const isSent = socket.deliver(event, again, {
      onAcknowledged(response) {
        clearTimeout(timer);
        acknowledge(event, response);
      },
      onLost() {
        clearTimeout(timer);
        if (event.type === 'events_api') undelivered.add(event);
      },
    });
    if (isSent) return;
    clearTimeout(timer);
    event.deliveries -= 1;
    if (event.type === 'events_api') undelivered.add(event);
  };

  const sign = (body: string): Record<string, string> => {
    const seconds = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', signingSecret).update(`v0:${seconds}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': seconds, 'x-slack-signature': `v0=${signature}` };
  };

  const write = ({ type, payload }: FakeEvent): { body: string; contentType: string } => {
    if (type === 'events_api') return { body: JSON.stringify(payload), contentType: 'application/json' };
    const fields =
      type === 'slash_commands' ? (payload as Record<string, string>) : { payload: JSON.stringify(payload) };
    return { body: stringify(fields), contentType: 'application/x-www-form-urlencoded' };
  };

  const post = async (
    event: FakeEvent,
    again: { number: number; reason: string } | undefined,
    url: string,
  ): Promise<void> => {
    const { body, contentType } = write(event);
    const number = (again?.number ?? 0) + 1;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': contentType,
          ...sign(body),
          ...(again && { 'x-slack-retry-num': String(again.number), 'x-slack-retry-reason': again.reason }),
        },
        body,
        signal: AbortSignal.any([ending.signal, AbortSignal.timeout(ACKNOWLEDGE_WITHIN_MS)]),
      });
      const text = await response.text();
      if (response.ok) acknowledge(event, readResponse(text));
      else if (!response.headers.has('x-slack-no-retry')) retry(event, 'http_error', number);
    } catch (error) {
      if (ending.signal.aborted) return;
      retry(event, (error as Error).name === 'TimeoutError' ? 'http_timeout' : 'connection_failed', number);
    }
  };

  const send = (event: FakeEvent, again?: { number: number; reason: string }): void => {
    event.deliveries += 1;
    world.tell();
    if (requestUrl === undefined) sendBySocket(event, again);
    else void post(event, again, requestUrl);
  };

  socket.onHello(() => {
    for (const event of undelivered) {
      undelivered.delete(event);
      send(event, { number: Math.max(1, event.deliveries), reason: 'connection_failed' });
    }
  });

  return {
    send,

    /** From now on by signed requests to this address. */
    toAddress(url: string): void {
      requestUrl = url;
    },

    /** Slack's question whether the address is the bot's: resolves to what it answered. */
    async challenge(url: string): Promise<string> {
      const body = JSON.stringify({
        type: 'url_verification',
        token: 'a-verification-token',
        challenge: 'a-challenge',
      });
      const headers = { 'content-type': 'application/json', ...sign(body) };
      const response = await fetch(url, { method: 'POST', headers, body });
      return response.text();
    },

    close(): void {
      ending.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function readResponse(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { text };
  }
}
