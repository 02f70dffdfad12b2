// discord.js, as this bot wants it: no privileged intent, nobody pinged, time enough for uploads, and patience at the gateway.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  GatewayIntentBits,
  Partials,
  type RateLimitData,
  REST,
  type RESTOptions,
  SimpleIdentifyThrottler,
  SimpleShardingStrategy,
} from 'discord.js';
import type { Logger } from '../../log.ts';
import { copyForm, isForm, type Outgoing, STRAIGHT } from '../../outgoing.ts';
import { ForeignAnswer, readAnswer, TokenRefused } from './answers.ts';
import { NOBODY } from './drawing.ts';
import { ALREADY_ANSWERED } from './error-codes.ts';
import { leadGatewayThrough } from './gateway-agent.ts';
import { createPatientThrottler } from './identify.ts';

/** Uploads of clips are in here, too. */
const REST_TIMEOUT_MS = 120_000;

/** With the bot's own token, over all servers. Discord takes 50. */
const MOST_IN_A_SECOND = 45;

/** Of one acknowledgement, for which Discord gives three seconds in all. */
const ACKNOWLEDGED_WITHIN_MS = 2500;
const ACKNOWLEDGEMENT_PAUSE_MS = 100;
const CALLBACK = /\/interactions\/[^/]+\/[^/]+\/callback(\?|$)/;
/** discord.js waits so long for the servers that Discord names; the bot needs nothing of them, and one may never come. */
const SERVERS_WITHIN_MS = 1000;

export interface ClientSettings {
  /** `auto`, or how many connections to Discord this process keeps. */
  shards: 'auto' | number;
  /** Where Discord is, if not at discord.com: a proxy of its REST API, say. */
  apiUrl: string | undefined;
  cdnUrl: string | undefined;
  /** How Discord is reached. Undefined: straight. */
  outgoing?: Outgoing | undefined;
}

export interface ClientOptions extends ClientSettings {
  /** Called with each answer to a request with the bot's own token: whether Discord refused the token. */
  onToken?: ((isRefused: boolean) => void) | undefined;
  log: Logger;
}

export function createDiscordClient({ apiUrl, cdnUrl, shards, onToken, outgoing, log }: ClientOptions): Client {
  if (outgoing) leadGatewayThrough(outgoing.agentOf);
  return new Client({
    // Commands come with everything that is needed of them.
    intents: [GatewayIntentBits.Guilds],
    // With these the place that comes with a command is believed where it is not known yet: a direct message, a new channel.
    partials: [Partials.Channel],
    shards: shards === 'auto' ? 'auto' : Array.from({ length: shards }, (_, index) => index),
    ...(shards !== 'auto' && { shardCount: shards }),
    allowedMentions: NOBODY,
    waitGuildTimeout: SERVERS_WITHIN_MS,
    ws: {
      buildStrategy: (manager) => new PatientSharding(manager),
      buildIdentifyThrottler: async (manager) => {
        const { session_start_limit: limit } = await manager.fetchGatewayInformation();
        return createPatientThrottler({ inner: new SimpleIdentifyThrottler(limit.max_concurrency), log });
      },
    },
    rest: { ...restOptions({ apiUrl, onToken, outgoing }), ...(cdnUrl !== undefined && { cdn: cdnUrl }) },
  });
}

/** For what the bot does with its own token, whether or not the gateway is there. */
export function createDiscordRest({ token, ...settings }: RestSettings & { token: string }): REST {
  return new REST(restOptions(settings)).setToken(token);
}

type RestSettings = Pick<ClientSettings, 'apiUrl' | 'outgoing'> & Partial<Pick<ClientOptions, 'onToken'>>;

function restOptions({ apiUrl, onToken, outgoing = STRAIGHT }: RestSettings) {
  return {
    timeout: REST_TIMEOUT_MS,
    makeRequest: createRequest(outgoing.fetch, onToken),
    rejectOnRateLimit: isForThread,
    // Paced by makeRequest, which knows what Discord counts.
    globalRequestsPerSecond: Number.POSITIVE_INFINITY,
    ...(apiUrl !== undefined && { api: apiUrl }),
  } satisfies Partial<RESTOptions>;
}

/**
 * discord.js begins its seconds at one moment and Discord at another, so that what is allowed twice can fall into one second;
 * and it counts what is sent with an interaction's token, which Discord does not.
 */
function createPace(): () => Promise<void> {
  const sent: number[] = [];
  let turn = Promise.resolve();
  const take = async (): Promise<void> => {
    const oldest = sent.length < MOST_IN_A_SECOND ? undefined : sent.shift();
    if (oldest !== undefined) await sleep(Math.max(0, oldest + 1000 - Date.now()));
    sent.push(Date.now());
  };
  return () => {
    turn = turn.then(take);
    return turn;
  };
}

/** Where a channel opens no further thread for now, `openThread` decides; all else waits in discord.js's queue. */
function isForThread({ method, route, global }: RateLimitData): boolean {
  return !global && method.toUpperCase() === 'POST' && route.endsWith('/threads');
}

/**
 * discord.js gives a login up when the gateway refuses a connection, but the shard behind it goes on trying, out of reach:
 * nothing ends a shard in the half second between two tries. So its login does not wait for the shards, which come in time;
 * the client tells when it is ready.
 */
class PatientSharding extends SimpleShardingStrategy {
  override async connect(): Promise<void> {
    super.connect().catch(() => undefined);
  }
}

/**
 * By a fetch that is not discord.js's own: that brings undici 6, which sends through whichever undici was loaded first, and
 * undici 7 does not know the forms of another undici: an upload failed with "action is not a function".
 */
function createRequest(
  fetch: Outgoing['fetch'],
  onToken: (isRefused: boolean) => void = () => undefined,
): RESTOptions['makeRequest'] {
  const pace = createPace();
  return async (url, { dispatcher: _, body, ...request }) => {
    const init = {
      ...request,
      body: isForm(body) ? copyForm(body, new FormData()) : body,
      redirect: 'manual',
    } as RequestInit;
    if (CALLBACK.test(url)) return acknowledge(fetch, url, init);
    const isOfBot = new Headers(init.headers).has('authorization');
    if (!isOfBot) return ask(fetch, url, init, { isOfBot });
    await pace();
    try {
      const answer = await ask(fetch, url, init, { isOfBot });
      if (answer.status < 500) onToken(false);
      return answer;
    } catch (error) {
      if (error instanceof TokenRefused) onToken(true);
      throw error;
    }
  };
}

async function ask(
  fetch: Outgoing['fetch'],
  url: string,
  init: RequestInit,
  of: { isOfBot: boolean },
): Promise<Response> {
  try {
    return await readAnswer(await fetch(url, init), of);
  } catch (error) {
    throw isBroken(error) ? toReset(error) : error;
  }
}

/**
 * Discord waits three seconds for this, and a member after that in vain: where the connection breaks, or something else answers, it
 * is sent again at once. That it was answered already means then that it had arrived.
 */
async function acknowledge(fetch: Outgoing['fetch'], url: string, init: RequestInit): Promise<Response> {
  const until = Date.now() + ACKNOWLEDGED_WITHIN_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      const answer = await readAnswer(await fetch(url, init), { isOfBot: false });
      if (isFirst || answer.ok) return answer;
      const { code } = (await answer.clone().json()) as { code?: number };
      return code === ALREADY_ANSWERED ? new Response(null, { status: 204 }) : answer;
    } catch (error) {
      const mayHelp = isBroken(error) || error instanceof ForeignAnswer;
      if (!mayHelp || Date.now() + ACKNOWLEDGEMENT_PAUSE_MS > until) throw error;
      await sleep(ACKNOWLEDGEMENT_PAUSE_MS);
    }
  }
}

/** fetch, or the reading of its body, fails with a TypeError where the connection does. */
function isBroken(error: unknown): error is TypeError {
  return error instanceof TypeError;
}

/** discord.js tries again what has this code; fetch hides it in the cause. */
function toReset(error: TypeError): Error {
  return Object.assign(new Error(`The connection to Discord broke: ${error.message}`, { cause: error }), {
    code: 'ECONNRESET',
  });
}
