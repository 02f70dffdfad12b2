// A started chat page for tests: real sockets and a real Redis, media in memory, handlers that a test scripts.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createParser } from 'eventsource-parser';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { AnimateCommand, ButtonPress, Clip, Handlers, MessageRef } from '../../../src/bots/platform.ts';
import type { View } from '../../../src/bots/view.ts';
import type { Media } from '../../../src/bots/web/media-routes.ts';
import { createPageSecrets, PAGE_PREFIX } from '../../../src/bots/web/page-secrets.ts';
import { createWebPlatform, type WebPlatformOptions } from '../../../src/bots/web/web-platform.ts';
import type { ChannelMessage } from '../../../src/bots/web/wire.ts';
import { healthOf } from '../../fakes/health.ts';
import type { TestRedis } from '../../fakes/redis.ts';

export const MAX_PICTURE_BYTES = 1024 * 1024;

export function view(changes: Partial<View> = {}): View {
  return {
    renderId: 'web-1',
    language: undefined,
    kind: 'waiting',
    headline: '1st in line',
    detail: '',
    fraction: undefined,
    readyAt: undefined,
    facts: [],
    buttons: ['cancel'],
    request: { prompt: 'she smiles', negative: '', resolution: '480p', quality: 'fast', seconds: 5, seed: 42 },
    ...changes,
  };
}

export function memoryMedia(files: Map<string, Buffer>): Media {
  return {
    async size(key) {
      return files.get(key)?.length;
    },
    async read(key, range) {
      const bytes = files.get(key);
      if (bytes === undefined) return undefined;
      const part = range === undefined ? bytes : bytes.subarray(range.start, (range.end ?? bytes.length - 1) + 1);
      return { size: bytes.length, stream: Readable.from([part]) };
    },
  };
}

/** Handlers that remember what they were asked; `onAnimate` and `onPress` decide what happens. */
export function scriptedHandlers() {
  const script = {
    commands: [] as AnimateCommand[],
    presses: [] as ButtonPress[],
    refs: [] as MessageRef[],
    async onAnimate(command: AnimateCommand): Promise<{ renderId: string }> {
      const renderId = `web-${script.commands.length}`;
      script.refs.push(await command.open(view({ renderId })));
      return { renderId };
    },
    onAccept(): void {},
    async onPress(press: ButtonPress): Promise<string> {
      return `You pressed ${press.action}.`;
    },
  };
  const handlers: Handlers = {
    async animate(command) {
      script.commands.push(command);
      return await script.onAnimate(command);
    },
    async isTaken() {
      return false;
    },
    whileUnderWay: (_renderId, show) => show(),
    async press(press) {
      script.presses.push(press);
      return await script.onPress(press);
    },
    async kept({ member }) {
      return { document: { of: member.id }, files: ['pictures/web-1.png', 'clips/gone.mp4'] };
    },
    async sendKept({ sent }) {
      await sent({ files: [{ name: 'export.json', bytes: Buffer.from('{}') }] });
      return 'You have everything.';
    },
    async accept() {
      script.onAccept();
      return 'You accepted.';
    },
    async forget() {
      return 'You deleted everything.';
    },
    async recent() {
      return [];
    },
    async recall() {
      return view().request;
    },
    async left() {
      return '';
    },
    async administer({ verb }) {
      return `You asked for ${verb}.`;
    },
    async health() {
      return healthOf();
    },
  };
  return Object.assign(script, { handlers });
}

export function clipOf(key: string, engine = 'fastvideo'): Clip {
  return {
    key,
    filename: 'she-smiles.mp4',
    result: {
      ...{ width: 832, height: 480, frames: 121, fps: 24, bytes: 1000, seed: 42, seconds: {}, peakGpuBytes: 0 },
      ...{ similarity: 0.99, colourDrift: 1.5, engine, model: 'a model' },
    },
    read: async () => Readable.from([Buffer.from('a clip')]),
    shrink: async () => undefined,
    link: async () => undefined,
  };
}

export type PageOptions = Partial<WebPlatformOptions> & {
  /** The operator's; or `own`, which is made. Without it the page asks for none. */
  token?: string | undefined;
};

/** A page for what is not about who may open it. */
export function openToAll(redis: Redis) {
  const secrets = createPageSecrets(redis, undefined);
  return { host: '127.0.0.1', port: 0, url: undefined, isOpen: true, secrets, pageFolder: process.cwd() };
}

export async function startPage(testRedis: TestRedis, { token, ...changes }: PageOptions = {}) {
  const redis = new Redis(testRedis.options);
  const files = new Map<string, Buffer>();
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>the page</title>');
  const { prefix = `${PAGE_PREFIX}${crypto.randomUUID()}:` } = changes;
  const secrets = createPageSecrets(redis, token === 'own' ? undefined : token, prefix);
  const platform = createWebPlatform({
    ...openToAll(redis),
    redis,
    media: memoryMedia(files),
    pageFolder: folder,
    isOpen: token === undefined,
    secrets,
    maxPictureBytes: MAX_PICTURE_BYTES,
    log: pino({ level: 'silent' }),
    prefix,
    ...changes,
  });
  const script = scriptedHandlers();
  await platform.start(script.handlers);
  const at = platform.address();
  return {
    platform,
    script,
    files,
    redis,
    prefix,
    secrets,
    at,
    async messages(): Promise<ChannelMessage[]> {
      const channel = (await (await fetch(`${at}/api/channel`)).json()) as { messages: ChannelMessage[] };
      return channel.messages;
    },
    async animate(fields: Record<string, string | Blob>, headers: Record<string, string> = {}): Promise<Response> {
      const body = new FormData();
      for (const [name, value] of Object.entries({
        eventId: 'e1',
        text: '/animate she smiles',
        author: 'Ada',
        ...fields,
      })) {
        if (typeof value === 'string') body.set(name, value);
        else body.set(name, value, 'ada.png');
      }
      return await fetch(`${at}/api/animate`, { method: 'POST', body, headers });
    },
    async press(renderId: string, body: unknown): Promise<Response> {
      return await fetch(`${at}/api/renders/${renderId}/press`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    },
    async [Symbol.asyncDispose]() {
      await platform.stop();
      redis.disconnect();
      await once(redis, 'end');
      await rm(folder, { recursive: true });
    },
  };
}

/** The news of a channel, one at a time. */
export async function watch(address: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(`${address}/api/events`, { signal: abort.signal, headers });
  const news: { event: string; data: unknown }[] = [];
  const parser = createParser({
    onEvent: ({ event = '', data }) => news.push({ event, data: JSON.parse(data) }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return {
    response,
    /** Undefined once the server has ended the stream. */
    async next(): Promise<{ event: string; data: unknown } | undefined> {
      while (news.length === 0) {
        const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
        if (done) return undefined;
        parser.feed(value ?? '');
      }
      return news.shift();
    },
    close: () => abort.abort(),
  };
}
