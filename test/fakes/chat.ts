// A member at the chat page without a browser: sends commands and reads the channel over HTTP.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, Reply } from '../../src/bots/web/wire.ts';

const POLL_MS = 50;

/** Cookies of a browser that has followed the link of a page. */
export async function logIn(link: string): Promise<string> {
  const response = await fetch(link, { redirect: 'manual' });
  if (response.status !== 303)
    throw new Error(`The link was answered with ${response.status}: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
}

export function openChat(link: string) {
  const { origin: address } = new URL(link);
  let cookie: Promise<string> | undefined;
  const ask = async (path: string, request: RequestInit = {}): Promise<Response> => {
    cookie ??= logIn(link);
    return await fetch(`${address}${path}`, { ...request, headers: { ...request.headers, cookie: await cookie } });
  };
  const replies = async (): Promise<Reply[]> => {
    const response = await ask('/api/channel');
    const channel = (await response.json()) as Channel;
    return channel.messages.flatMap((message) => message.replies);
  };

  return {
    ask,
    replies,

    async animate(text: string, picture: Buffer, eventId: string = randomUUID()): Promise<string> {
      const form = new FormData();
      form.set('eventId', eventId);
      form.set('text', text);
      form.set('author', 'Ada');
      form.set('picture', new Blob([new Uint8Array(picture)]), 'picture.png');
      const response = await ask('/api/animate', { method: 'POST', body: form });
      const answer = (await response.json()) as { renderId: string; message?: string };
      if (response.status !== 202) throw new Error(`${response.status}: ${answer.message}`);
      return answer.renderId;
    },

    async press(renderId: string, action: 'cancel' | 'again' | 'delete'): Promise<string> {
      const response = await ask(`/api/renders/${renderId}/press`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, eventId: randomUUID() }),
      });
      return ((await response.json()) as { message: string }).message;
    },

    /** The bytes of a file that the page shows. */
    async download(path: string): Promise<Buffer> {
      const response = await ask(path);
      if (!response.ok) throw new Error(`${response.status} for ${path}`);
      return Buffer.from(await response.arrayBuffer());
    },

    /** The status reply of a render, once it is as asked: the page is another process, so it is asked until it says so. */
    async until(renderId: string, isIt: (reply: Reply) => boolean, timeoutMs = 90_000): Promise<Reply> {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const reply = (await replies()).find(({ view }) => view.renderId === renderId);
        if (reply && isIt(reply)) return reply;
        if (Date.now() > deadline)
          throw new Error(`Still not so after ${timeoutMs} ms: ${JSON.stringify(reply?.view)}`);
        await sleep(POLL_MS);
      }
    },
  };
}

export const isDone = ({ view, clip }: Reply): boolean => view.kind === 'done' && clip !== undefined;
