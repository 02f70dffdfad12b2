// discord.js, as this bot wants it: no privileged intent, nobody pinged, time enough for uploads, and patience at the gateway.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  GatewayIntentBits,
  Partials,
  type RateLimitData,
  REST,
  type RESTOptions,
  SimpleShardingStrategy,
} from 'discord.js';
import { NOBODY } from './drawing.ts';

/** Uploads of clips are in here, too. */
const REST_TIMEOUT_MS = 120_000;

/** With the bot's own token, over all servers. Discord takes 50. */
const MOST_IN_A_SECOND = 45;

export interface ClientSettings {
  /** `auto`, or how many connections to Discord this process keeps. */
  shards: 'auto' | number;
  /** Where Discord is, if not at discord.com: a proxy of its REST API, say. */
  apiUrl: string | undefined;
  cdnUrl: string | undefined;
}

export function createDiscordClient({ apiUrl, cdnUrl, shards }: ClientSettings): Client {
  return new Client({
    // Commands come with everything that is needed of them.
    intents: [GatewayIntentBits.Guilds],
    // With these the place that comes with a command is believed where it is not known yet: a direct message, a new channel.
    partials: [Partials.Channel],
    shards: shards === 'auto' ? 'auto' : Array.from({ length: shards }, (_, index) => index),
    ...(shards !== 'auto' && { shardCount: shards }),
    allowedMentions: NOBODY,
    ws: { buildStrategy: (manager) => new PatientSharding(manager) },
    rest: { ...restOptions(apiUrl), ...(cdnUrl !== undefined && { cdn: cdnUrl }) },
  });
}

/** For what the bot does with its own token, whether or not the gateway is there. */
export function createDiscordRest({ token, apiUrl }: { token: string; apiUrl: string | undefined }): REST {
  return new REST(restOptions(apiUrl)).setToken(token);
}

function restOptions(apiUrl: string | undefined) {
  return {
    timeout: REST_TIMEOUT_MS,
    makeRequest: createRequest(),
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
 * By Node's own fetch. discord.js brings undici 6, which sends through whichever undici was loaded first, and undici 7 does
 * not know the forms of another undici: an upload failed with "action is not a function".
 */
function createRequest(): RESTOptions['makeRequest'] {
  const pace = createPace();
  return async (url, { dispatcher: _, body, ...request }) => {
    const init = { ...request, body: isForm(body) ? copyForm(body) : body } as RequestInit;
    if (new Headers(init.headers).has('authorization')) await pace();
    return fetch(url, init);
  };
}

type Form = Iterable<[string, string | File]>;

function isForm(body: unknown): body is Form {
  return typeof body === 'object' && body !== null && Object.prototype.toString.call(body) === '[object FormData]';
}

function copyForm(form: Form): FormData {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  return copy;
}
