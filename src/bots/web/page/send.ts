// Sends a command, and presses buttons. Knows what an answer means, not what to show for it.

import type { Offer } from '../../../errors.ts';
import type { Button } from '../../view.ts';
import type { Refusal } from '../wire.ts';

export type Attachment =
  | { kind: 'file'; file: File; preview: string }
  | { kind: 'render'; renderId: string; preview: string | undefined };

/** Why a command was refused, and what can be done about it with a press. */
export interface Complaint {
  message: string;
  isConsentMissing: boolean;
  offers: readonly Offer[];
}

export interface OutgoingCommand {
  /** The same for every attempt: the bot renders it once, however often it had to be sent. */
  eventId: string;
  text: string;
  author: string;
  attachment: Attachment | undefined;
}

export type Answer =
  | { kind: 'accepted' }
  | ({ kind: 'refused' } & Complaint)
  /** It may or may not have arrived: sending it again is safe. */
  | { kind: 'unreachable' }
  | { kind: 'aborted' };

/** crypto.randomUUID is missing from pages that were not served over TLS or from this machine. */
export function newEventId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** XMLHttpRequest, because fetch cannot tell how much of a picture has been sent. */
export function sendCommand(
  { eventId, text, author, attachment }: OutgoingCommand,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const form = new FormData();
  form.set('eventId', eventId);
  form.set('text', text);
  form.set('author', author);
  if (attachment?.kind === 'render') form.set('ofRender', attachment.renderId);
  if (attachment?.kind === 'file') form.set('picture', attachment.file);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/animate');
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener('load', () => resolve(toAnswer(request.status, request.responseText)));
    request.addEventListener('error', () => resolve({ kind: 'unreachable' }));
    request.addEventListener('abort', () => resolve({ kind: 'aborted' }));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}

export async function pressButton(renderId: string, action: Exclude<Button, 'edit'>): Promise<string> {
  try {
    const response = await fetch(`/api/renders/${encodeURIComponent(renderId)}/press`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, eventId: newEventId() }),
    });
    return messageOf(await response.text());
  } catch {
    return 'The bot could not be reached. Please try again in a moment.';
  }
}

/** `accept` the text that has to be accepted first, or `forget` all clips of whoever asks. Undefined: it was not heard. */
export async function askAboutMe(what: 'accept' | 'forget'): Promise<string | undefined> {
  try {
    const response = await fetch(`/api/${what}`, { method: 'POST' });
    return response.ok ? messageOf(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

function toAnswer(status: number, body: string): Answer {
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (status === 0 || status === 429 || status >= 500) return { kind: 'unreachable' };
  const refusal = refusalOf(body);
  return {
    kind: 'refused',
    message: messageOf(body),
    isConsentMissing: refusal?.code === 'consent_missing',
    offers: refusal?.offers ?? [],
  };
}

/** A proxy in between may answer with a page of its own. */
function messageOf(body: string): string {
  const message = refusalOf(body)?.message;
  return typeof message === 'string' ? message : 'The bot gave an answer that makes no sense here. Please try again.';
}

function refusalOf(body: string): Partial<Refusal> | undefined {
  try {
    return JSON.parse(body) as Partial<Refusal>;
  } catch {
    return undefined;
  }
}
