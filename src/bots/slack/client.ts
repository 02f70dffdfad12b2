// The bolt app, as this bot wants it: how Slack's events come in, and that each is kept before Slack is told that it came.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  App,
  HTTPReceiver,
  type InstallationStore,
  type Receiver,
  type ReceiverEvent,
  SocketModeReceiver,
} from '@slack/bolt';
import { toListenFault } from '../../listen-fault.ts';
import type { Logger } from '../../log.ts';
import type { Outgoing } from '../../outgoing.ts';
import { BOT_SCOPES } from './manifest.ts';
import { keepConnected } from './reconnecting.ts';
import { createSignatures, type Signatures, type SignaturesOptions } from './signatures.ts';
import type { Workspaces } from './workspaces.ts';

const LONGEST_BODY_BYTES = 2 ** 20;

export interface ClientSettings {
  /** With it Slack's events come over a socket that the bot opens, so that it needs no address of its own. */
  appToken: string | undefined;
  /** For so long Slack may take to answer a ping; the SDK waits as long before it connects again. */
  pongSeconds: number;
  /** Slack signs with it what it sends to the bot's own address. */
  signingSecret: string | undefined;
  /** For workspaces that install the app themselves. */
  oauth: { clientId: string; clientSecret: string } | undefined;
  /** Seals tokens in Redis, and the links that install the app. */
  secret: string | undefined;
  /** Where Slack's requests and installing members are listened for. */
  host: string;
  port: number;
  apiUrl: string | undefined;
  /** How Slack is reached. Undefined: straight. */
  outgoing?: Outgoing | undefined;
}

export type SlackLogger = ReturnType<typeof createSlackLogger>;

/** The kind of event that Slack calls an event: one that wants no answer. */
export type EventBody = { type: 'event_callback'; event: { type: string } } & Record<string, unknown>;

/** What the SDK has to say. Its debug lines hold whole requests, and are left out. */
export function createSlackLogger(log: Logger) {
  const words = (parts: unknown[]) =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  return {
    debug: () => undefined,
    info: (...parts: unknown[]) => log.debug(words(parts)),
    warn: (...parts: unknown[]) => log.debug(words(parts)),
    error: (...parts: unknown[]) => log.warn(words(parts)),
    setLevel: () => undefined,
    getLevel: () => 'info' as never,
    setName: () => undefined,
  };
}

export interface SlackClientOptions extends ClientSettings {
  workspaces: Workspaces;
  installations: InstallationStore | undefined;
  logger: SlackLogger;
  /** Where it is noted which requests were answered. */
  notes: SignaturesOptions['notes'];
  /** Hears how each try to make a socket ended. */
  heardOfSocket(error?: unknown): void;
  /** Keeps an event; only then is Slack told that it came. */
  keep(body: EventBody, retries: number): Promise<void>;
}

export type SlackClient = ReturnType<typeof createSlackClient>;

export function createSlackClient(options: SlackClientOptions) {
  const { appToken, host, port, outgoing, workspaces, logger, keep } = options;
  const http = createHttpReceiver(options);
  const socket =
    appToken === undefined
      ? undefined
      : new SocketModeReceiver({
          appToken,
          logger,
          clientPingTimeout: options.pongSeconds * 1000,
          autoReconnectEnabled: false,
          ...(outgoing?.dispatcher && { dispatcher: outgoing.dispatcher }),
          installerOptions: { clientOptions: workspaces.options },
        });
  const kept = socket && keepConnected(socket.client, options.heardOfSocket);
  const receiver: Receiver | undefined = socket ?? http;
  if (!receiver) throw new Error('Slack needs an app token or a signing secret');
  const app = new App({
    receiver: keepFirst(receiver, keep, logger),
    authorize: (source) => workspaces.authorize(source),
    logger,
    clientOptions: workspaces.options,
  });

  return {
    app,
    /** Over a socket: its connection tells how it is. */
    connection: socket?.client,

    async start(): Promise<void> {
      // With a socket, too, where workspaces install the app: a browser comes to that.
      if (http) {
        await http.start({ host, port }).catch((error) => {
          throw toListenFault(error, 'SLACK', { host, port });
        });
      }
      await socket?.start().catch(async (error) => {
        // Whoever tries again listens there anew.
        await http?.stop();
        throw error;
      });
    },

    async stop(): Promise<void> {
      kept?.stop();
      if (socket) await socket.stop();
      if (http) await http.stop().catch(() => undefined); // It had not been started.
    },
  };
}

function createHttpReceiver(options: SlackClientOptions): HTTPReceiver | undefined {
  const {
    appToken,
    signingSecret = crypto.randomUUID(),
    oauth,
    secret,
    installations,
    workspaces,
    logger,
    notes,
  } = options;
  if (appToken !== undefined && !oauth) return undefined;
  // With a socket nothing of Slack's comes here: then no signature is right.
  const installing = oauth && {
    ...oauth,
    stateSecret: secret ?? '',
    scopes: Object.keys(BOT_SCOPES),
    ...(installations && { installationStore: installations }),
    installerOptions: { clientOptions: workspaces.options, directInstall: true },
  };
  const receiver = new HTTPReceiver({
    signingSecret,
    logger,
    ...installing,
    customRoutes: [{ path: '/', method: 'GET', handler: answerPlainly }],
  });
  return judgeFirst(receiver, createSignatures({ secret: signingSecret, notes }));
}

function judgeFirst(receiver: HTTPReceiver, signatures: Signatures): HTTPReceiver {
  const listen = receiver.requestListener;
  receiver.requestListener = (request, response) => {
    if (request.method !== 'POST') return listen(request, response);
    judge(request, response, signatures).then(
      (rawBody) => rawBody && listen(Object.assign(request, { rawBody }), response),
      () => response.destroy(),
    );
  };
  return receiver;
}

/** Undefined for what is answered already. */
async function judge(
  request: IncomingMessage,
  response: ServerResponse,
  signatures: Signatures,
): Promise<Buffer | undefined> {
  const body = await readBody(request);
  const answer = (status: number): undefined => void response.writeHead(status).end();
  if (body === undefined) return answer(413);
  // With bolt 5.1.0 a signed `null` ends the process: it reads on in what it has parsed, where nobody catches.
  if (saysNothing(body)) return answer(400);
  const judged = await signatures.judge(request, body, response);
  if (judged === 'refused') return answer(401);
  // As it was answered then, and nothing is done for it.
  if (judged === 'repeated') return answer(200);
  return body;
}

/** Undefined for one that is longer than anything of Slack's. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function saysNothing(body: Buffer): boolean {
  const text = body.toString();
  const payload = new URLSearchParams(text).get('payload');
  return [text, payload].some((each) => each?.trim() === 'null');
}

/** For whoever checks whether the address is right. */
function answerPlainly(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' }).end('animate-bot listens here for Slack.\n');
}

/** bolt acknowledges events before anybody hears of them; a bot that is killed then would have lost one. */
function keepFirst(receiver: Receiver, keep: SlackClientOptions['keep'], logger: SlackLogger): Receiver {
  return {
    init: (app) =>
      receiver.init({
        processEvent: async (event: ReceiverEvent) => {
          if (event.body.type === 'app_rate_limited') {
            // Slack drops events of this workspace for a minute.
            logger.error(`Slack sends more events than it lets through; some are lost (${event.body.team_id})`);
            return event.ack();
          }
          if (event.body.type === 'event_callback') await keep(event.body as EventBody, event.retryNum ?? 0);
          await app.processEvent(event);
        },
      } as App),
    start: (...given) => receiver.start(...given),
    stop: (...given) => receiver.stop(...given),
  };
}
