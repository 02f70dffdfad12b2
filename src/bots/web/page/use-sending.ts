// One command on its way. The same command sent again after a failure keeps its event id, so that it is rendered once.
import { useRef, useState } from 'preact/hooks';
import { type Complaint, newEventId, type OutgoingCommand, sendCommand } from './send.ts';

export type SendingState =
  | { kind: 'idle' }
  | { kind: 'sending'; fraction: number; attempt: number }
  | { kind: 'unreachable' };

export interface Sending {
  state: SendingState;
  send(command: Omit<OutgoingCommand, 'eventId'>): Promise<void>;
  abort(): void;
  /** The command was changed: what is sent next is another one. */
  forget(): void;
}

const PAUSES_MS = [1000, 3000];

export function useSending(on: { onAccepted(): void; onRefused(complaint: Complaint): void }): Sending {
  const [state, setState] = useState<SendingState>({ kind: 'idle' });
  const eventId = useRef<string | undefined>(undefined);
  const running = useRef<AbortController | undefined>(undefined);
  const latest = useRef(on);
  latest.current = on;

  async function send(command: Omit<OutgoingCommand, 'eventId'>): Promise<void> {
    if (running.current !== undefined) return;
    const stop = new AbortController();
    running.current = stop;
    eventId.current ??= newEventId();
    const outgoing = { ...command, eventId: eventId.current };
    for (let attempt = 1; ; attempt += 1) {
      const show = (fraction: number) => setState({ kind: 'sending', fraction, attempt });
      show(0);
      const answer = await sendCommand(outgoing, show, stop.signal);
      const pauseMs = PAUSES_MS[attempt - 1];
      if (answer.kind === 'unreachable' && pauseMs !== undefined && !stop.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (!stop.signal.aborted) continue;
      }
      running.current = undefined;
      setState(answer.kind === 'unreachable' && !stop.signal.aborted ? { kind: 'unreachable' } : { kind: 'idle' });
      // Aborted and unreachable commands may have arrived: their id stays theirs until they are changed.
      if (answer.kind === 'accepted' || answer.kind === 'refused') eventId.current = undefined;
      if (answer.kind === 'accepted') latest.current.onAccepted();
      if (answer.kind === 'refused') latest.current.onRefused(answer);
      return;
    }
  }

  return {
    state,
    send,
    abort: () => running.current?.abort(),
    forget() {
      eventId.current = undefined;
      setState((before) => (before.kind === 'unreachable' ? { kind: 'idle' } : before));
    },
  };
}
