// The channel as this page knows it: read once, then kept up to date by server-sent events, and read again after each gap.
import { useEffect, useState } from 'preact/hooks';
import type { Channel, ChannelMessage } from '../wire.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting';

export interface ChannelState {
  connection: Connection;
  /** Undefined until the channel has been read once. */
  channel: Channel | undefined;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
/** A machine that slept this long may hold a connection that nobody told it is dead. */
const LONG_AWAY_MS = 60_000;

export function useChannel(): ChannelState {
  const [state, setState] = useState<ChannelState>({ connection: 'connecting', channel: undefined });
  useEffect(() => followChannel((change) => setState((before) => ({ ...before, ...change(before) }))), []);
  return state;
}

/** An EventSource does not say what it was answered with. */
async function reloadIfLoggedOut(): Promise<void> {
  const response = await fetch('/api/sessions').catch(() => undefined);
  if (response?.status === 401) location.reload();
}

type Change = (before: ChannelState) => Partial<ChannelState>;

function followChannel(apply: (change: Change) => void): () => void {
  let source: EventSource | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  // What arrives while the channel is being read may be newer than what is read: it is applied after that.
  let early: Change[] | undefined;

  const onNews = (change: Change) => {
    if (early === undefined) apply(change);
    else early.push(change);
  };

  const readChannel = async (opened: EventSource) => {
    early = [];
    try {
      const response = await fetch('/api/channel');
      // The session ended: the server answers this address with its login page now.
      if (response.status === 401) location.reload();
      if (!response.ok) throw new Error(`The channel answered ${response.status}`);
      const channel = (await response.json()) as Channel;
      if (opened !== source) return;
      apply(() => ({ channel, connection: 'live' }));
      for (const change of early) apply(change);
      early = undefined;
      retryMs = FIRST_RETRY_MS;
    } catch {
      if (opened === source) retryLater();
    }
  };

  const connect = () => {
    clearTimeout(retryTimer);
    source?.close();
    const opened = new EventSource('/api/events');
    source = opened;
    opened.addEventListener('open', () => void readChannel(opened));
    opened.addEventListener('message', (event) => {
      const message = JSON.parse(event.data) as ChannelMessage;
      onNews((before) => withMessages(before, (messages) => upsert(messages, message)));
    });
    opened.addEventListener('removed', (event) => {
      const { id } = JSON.parse(event.data) as { id: string };
      onNews((before) => withMessages(before, (messages) => messages.filter((message) => message.id !== id)));
    });
    opened.addEventListener('error', () => {
      apply(() => ({ connection: 'reconnecting' }));
      // A browser tries again by itself after a lost connection, but not after an answer it could not use.
      if (opened.readyState !== EventSource.CLOSED) return;
      void reloadIfLoggedOut();
      retryLater();
    });
  };

  const retryLater = () => {
    source?.close();
    clearTimeout(retryTimer);
    apply(() => ({ connection: 'reconnecting' }));
    retryTimer = setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  };

  let hiddenAt: number | undefined;
  const onVisibility = () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (hiddenAt !== undefined && Date.now() - hiddenAt > LONG_AWAY_MS) connect();
  };

  connect();
  addEventListener('online', connect);
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    removeEventListener('online', connect);
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(retryTimer);
    source?.close();
  };
}

function withMessages(before: ChannelState, change: (messages: ChannelMessage[]) => ChannelMessage[]) {
  return before.channel === undefined
    ? {}
    : { channel: { ...before.channel, messages: change(before.channel.messages) } };
}

function upsert(messages: ChannelMessage[], message: ChannelMessage): ChannelMessage[] {
  const others = messages.filter((other) => other.id !== message.id);
  if (others.length < messages.length) return messages.map((other) => (other.id === message.id ? message : other));
  return [...messages, message].sort((a, b) => a.sentAt - b.sentAt || (a.id < b.id ? -1 : 1));
}
