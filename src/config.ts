// The only reader of the environment. Everything else is handed a Config, checked here once, with all faults told at once.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { isLoopback } from './loopback.ts';
import type { ProxySettings } from './outgoing.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

const wholeNumber = (lowest: number, highest: number) =>
  z.coerce
    .number({ error: 'a whole number' })
    .refine((value) => Number.isInteger(value) && value >= lowest && value <= highest, {
      error: `a whole number from ${lowest} to ${highest}`,
    });

const snowflake = z.string().regex(/^\d{15,21}$/, { error: 'an id of 15 to 21 digits' });

const flag = z.enum(['true', 'false']).default('false');

/** The engines of python/render_server/engines that have weights. */
const GPU_ENGINES = ['fastvideo', 'fastvideo-ray', 'diffusers', 'diffusers-best', 'diffusers-a14b'];

/** Those that take many steps: they render what members ask for as `quality:best`. */
const BEST_ENGINES = ['diffusers-best', 'diffusers-a14b'];

export const PRECISIONS = ['exact', 'mixed', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What libraries on a GPU look for. An engine gets nothing else of our environment, which holds tokens. */
const ENGINE_VARIABLE =
  /^(HOME|TMPDIR|LD_LIBRARY_PATH|XDG_CACHE_HOME|HF_HOME|HF_HUB_CACHE|(CUDA|NVIDIA|NCCL|TORCH|TORCHINDUCTOR|PYTORCH|TRITON|OMP|FASTVIDEO)_\w+)$/;

/** What fetching weights may need beside that: the way to the hub, and a token for models that ask for one. */
const PULL_VARIABLE = /^(HF_\w+|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/;

// Each description is the variable's documentation: `.env.example` is generated from this table.
const environmentSchema = z.object({
  DATA_FOLDER: z
    .string()
    .default('data')
    .describe('Where pictures, clips, logs and the embedded Redis keep their files.'),
  REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, { error: 'redis://…, rediss://… or the path of a unix socket' })
    .optional()
    .describe(
      'The Redis (6.2 or newer, noeviction) that bots and workers meet in. Unset: `start` runs one of its own.',
    ),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'the name of a bucket' })
    .optional()
    .describe(
      'The bucket that keeps pictures and clips, for bots and workers on different machines. Unset: a folder in DATA_FOLDER.',
    ),
  S3_ENDPOINT: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where that bucket is: the address of any S3-compatible service. Unset: AWS.'),
  S3_REGION: z.string().default('us-east-1').describe('The region of that bucket, where its service has any.'),
  S3_ACCESS_KEY_ID: z.string().optional().describe('The key that may read, write and remove in that bucket.'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('The secret of that key.'),
  WEB_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('The address that the chat page listens on. Beyond loopback, put HTTPS before it and set WEB_URL.'),
  WEB_PORT: wholeNumber(0, 65_535).default(8470).describe('The port of the local chat page. 0 takes any free port.'),
  WEB_URL: z
    .string()
    .regex(/^https?:\/\/[^/?#@]+\/?$/, { error: 'https://… without a path' })
    .optional()
    .describe('Where people reach the page through your own HTTPS. Its cookies are then sent over HTTPS alone.'),
  WEB_TOKEN: z
    .string()
    .regex(/^(off|.{16,})$/, { error: 'at least 16 characters, or off' })
    .optional()
    .describe(
      'The secret in the link that opens the chat page. Unset: one is made at the first start, and `npm start -- page` prints the link. off: none, on loopback alone; then every account of this machine is an admin of the bot.',
    ),
  DISCORD_TOKEN: z
    .string()
    .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, { error: 'the token of a bot, three parts with dots between' })
    .optional()
    .describe('The token of your Discord bot (docs/discord.md). Unset: the bot is not on Discord.'),
  DISCORD_GUILD: snowflake
    .optional()
    .describe('The id of one server that the commands are registered in, for development. Unset: in all.'),
  DISCORD_ADMINS: z
    .string()
    .regex(/^\d{15,21}(\s*,\s*\d{15,21})*$/, { error: 'ids of members and roles between commas' })
    .optional()
    .describe(
      'Members and roles, by id, that may use /animate-admin, and nobody else. Unset: whoever manages a server may.',
    ),
  DISCORD_SPOILER: flag.describe('Pictures and clips are hidden behind a click: true or false.'),
  DISCORD_AGE_RESTRICTED_ONLY: flag.describe('Commands are taken in age-restricted channels alone: true or false.'),
  DISCORD_SHARDS: z
    .string()
    .regex(/^(auto|[1-9]\d{0,3})$/, { error: 'auto, or a number' })
    .default('auto')
    .describe('How many connections to Discord this bot keeps. auto is what Discord asks for.'),
  DISCORD_API_URL: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where Discord’s REST API is instead, such as a proxy that shares its rate limits between bots.'),
  DISCORD_CDN_URL: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where Discord’s media are instead. Pictures are then fetched from there alone.'),
  DISCORD_ALERT_CHANNEL: snowflake
    .optional()
    .describe('The id of a channel where the bot tells admins what breaks and what heals. Unset: nowhere.'),
  SLACK_BOT_TOKEN: z
    .string()
    .regex(/^xoxb-[\w-]+$/, { error: 'the token of a bot, which begins with xoxb-' })
    .optional()
    .describe('The bot token of your Slack app (docs/slack.md), for one workspace. Unset: the bot is not on Slack.'),
  SLACK_APP_TOKEN: z
    .string()
    .regex(/^xapp-[\w-]+$/, { error: 'an app-level token, which begins with xapp-' })
    .optional()
    .describe(
      'The app-level token, with connections:write: events come over a socket, and the bot needs no public address.',
    ),
  SLACK_SIGNING_SECRET: z
    .string()
    .min(16, { error: 'at least 16 characters' })
    .optional()
    .describe('Without SLACK_APP_TOKEN: events come by HTTPS to SLACK_HOST and SLACK_PORT, signed with this.'),
  SLACK_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('The address that Slack’s requests are listened for on, behind your own HTTPS.'),
  SLACK_PORT: wholeNumber(0, 65_535).default(8471).describe('The port of that address.'),
  SLACK_CLIENT_ID: z
    .string()
    .optional()
    .describe('In the place of SLACK_BOT_TOKEN, with the next two: workspaces install the app themselves.'),
  SLACK_CLIENT_SECRET: z.string().optional().describe('The client secret of the app.'),
  SLACK_SECRET: z
    .string()
    .min(32, { error: 'at least 32 characters, such as `openssl rand -hex 32` gives' })
    .optional()
    .describe('Your own secret, which the tokens of those workspaces are sealed with in Redis.'),
  SLACK_ADMINS: z
    .string()
    .regex(/^[UWS][A-Z0-9]+(\s*,\s*[UWS][A-Z0-9]+)*$/, {
      error: 'ids of members (U…) and user groups (S…) between commas',
    })
    .optional()
    .describe('Members and user groups, by id, that may use /animate-admin. Unset: the admins of each workspace.'),
  SLACK_SHARED_CHANNELS: flag.describe(
    'Mentions are taken in channels that are shared with other organisations: true or false.',
  ),
  SLACK_PONG_SECONDS: wholeNumber(1, 60)
    .default(15)
    .describe('With SLACK_APP_TOKEN: how long Slack may take to answer a ping before the bot connects again.'),
  SLACK_ALERT_CHANNEL: z
    .string()
    .regex(/^[CG][A-Z0-9]+$/, { error: 'the id of a channel (C…)' })
    .optional()
    .describe('The id of a channel where the bot tells admins what breaks and what heals. Unset: nowhere.'),
  SLACK_API_URL: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where Slack’s Web API is instead.'),
  SLACK_FILES_URL: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where Slack’s files are instead. Pictures are then fetched from there alone.'),
  OPS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('The address that health and metrics are served on. Anything beyond loopback needs OPS_TOKEN.'),
  OPS_PORT: wholeNumber(0, 65_535)
    .optional()
    .describe(
      'The port of /live and /ready, and with OPS_TOKEN of /metrics and /queues (docs/operations.md). Unset: none.',
    ),
  OPS_TOKEN: z
    .string()
    .min(16, { error: 'at least 16 characters' })
    .optional()
    .describe('The secret that opens /metrics and /queues, on loopback, too. Unset: /live and /ready alone.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .regex(/^https?:\/\//, { error: 'http://… or https://…' })
    .optional()
    .describe('Where traces are sent to, by OTLP over HTTP, such as http://localhost:4318. Unset: nowhere.'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(/^[\w-]+=([^,%]|%[0-9a-f]{2})*(,[\w-]+=([^,%]|%[0-9a-f]{2})*)*$/i, { error: 'name=value between commas' })
    .optional()
    .describe('What is sent along with traces, such as a key: name=value between commas.'),
  WORKER_NAME: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, { error: 'up to 32 of a-z, 0-9 and -' })
    .default('worker')
    .describe('Tells workers apart that run on one machine with one DATA_FOLDER.'),
  ENGINE: z
    .string()
    .regex(new RegExp(`^(${['preview', ...GPU_ENGINES].join('|')}|[\\w.]+:\\w+)$`), {
      error: `preview, ${GPU_ENGINES.join(', ')}, or a Python module:factory`,
    })
    .default('preview')
    .describe(
      `The render engine: preview (a camera move over the still, on the CPU); on a GPU ${GPU_ENGINES.join(', ')}; or a Python \`module:factory\` of your own.`,
    ),
  MODEL: z
    .string()
    .optional()
    .describe("The weights of an engine on a GPU: a folder, or a repository's name in the cache. Unset: its own."),
  PRECISION: z
    .enum(PRECISIONS)
    .default('exact')
    .describe(
      'How a GPU computes: exact (16 bits), mixed (8 bits where most of the time goes) or int8 (nearly everywhere). Faster ones are for `animate-bot quality` to set, once it has found your card and weights to bear them.',
    ),
  RENDERS_PER_ENGINE: wholeNumber(0, 1_000_000)
    .default(200)
    .describe('Renders that one engine process makes before a fresh one takes over. 0 is no end of them.'),
  GPUS: z
    .string()
    .regex(/^(all|none|[\w-]+(\s*,\s*[\w-]+)*)$/, { error: 'all, none, or numbers and ids of GPUs between commas' })
    .optional()
    .describe(
      'The GPUs that engines run on, one engine each: all, none, or numbers and ids from `nvidia-smi -L`. Unset: all for an engine with weights, none for others. With none, an engine with weights takes the one that CUDA chooses.',
    ),
  RENDER_SLOTS: wholeNumber(1, 64)
    .default(Math.max(1, Math.floor(availableParallelism() / 2)))
    .describe('How many renders an engine without weights runs side by side. Unset: half of the CPU cores.'),
  RUNTIME: z
    .enum(['process', 'docker'])
    .default('process')
    .describe(
      'What engines run in: processes of this machine, or containers of the Docker engine (of DOCKER_HOST, if that is set).',
    ),
  ENGINE_SANDBOX: z
    .enum(['on', 'off'])
    .optional()
    .describe(
      'With RUNTIME=process, on Linux: `on` lets engines reach no file but what they need, and no network. Unset: on for engines without weights; off for those that need a GPU, because it has not been tried with a card.',
    ),
  RENDER_IMAGE: z.string().default('animate-bot-render').describe('The image of those containers; docker/ has it.'),
  WEIGHTS: z
    .string()
    .regex(/^(\/|[\w][\w.-]+$)/, { error: 'the name of a volume, or a path from the root' })
    .default('animate-bot-weights')
    .describe('The volume or folder with the weights, which those containers can only read.'),
  RENDER_MEMORY_GIBIBYTES: wholeNumber(1, 4096)
    .default(48)
    .describe('The most ordinary memory that one of those containers may take.'),
  PYTHON: z
    .string()
    .optional()
    .describe(
      'The Python that runs the render server; an engine on a GPU needs PyTorch in it, as in the image of docker/. Unset: the virtual environment that `npm start` makes.',
    ),
  MAX_PICTURE_MEGABYTES: wholeNumber(1, 200).default(20).describe('The largest picture file that is accepted, in MiB.'),
  MAX_PICTURE_MEGAPIXELS: wholeNumber(1, 200)
    .default(52)
    .describe(
      'The largest picture that is decoded, in millions of pixels; the 50 megapixels of phones are a little more.',
    ),
  PICTURE_TIMEOUT_SECONDS: wholeNumber(1, 300).default(15).describe('How long decoding one picture may take.'),
  RETENTION_DAYS: wholeNumber(1, 3650)
    .default(7)
    .describe('Pictures, clips and all that is known of a render are deleted so many days after its command.'),
  CONSENT_TEXT: z
    .string()
    .max(1500, { error: 'at most 1500 characters' })
    .optional()
    .describe('What each member has to accept before their first clip (docs/moderation.md). Unset: nothing.'),
  MODERATION_STRIKES: wholeNumber(0, 1000)
    .default(5)
    .describe('So many refused prompts or pictures block a member for a time. 0 never does.'),
  MODERATION_STRIKE_DAYS: wholeNumber(1, 365).default(7).describe('How long a refusal counts.'),
  MODERATION_BLOCK_HOURS: wholeNumber(1, 8760).default(24).describe('How long that block lasts.'),
  MODERATION_CLASSIFIER: z
    .string()
    .regex(/^(nsfw$|\/)/, { error: 'nsfw, or the path of a program from the root' })
    .optional()
    .describe(
      'What looks at pictures and clips before anybody sees them: nsfw, which `npm start` then installs, or a program of your own (docs/moderation.md). Unset: nothing.',
    ),
  MODERATION_THRESHOLD_PERCENT: wholeNumber(1, 100)
    .default(80)
    .describe('How sure `nsfw` has to be before it refuses.'),
  AI_LABEL: z
    .enum(['true', 'false'])
    .default('true')
    .describe(
      'Below each clip of a model stands that it was made with AI, on all platforms: true or false. The mark in the file stays (docs/marks.md).',
    ),
  ENGINE_START_SECONDS: wholeNumber(1, 3600).default(600).describe('How long an engine may take until it is ready.'),
  ENGINE_SILENCE_SECONDS: wholeNumber(1, 3600)
    .default(120)
    .describe('An engine that reports nothing for this long during a render is replaced.'),
  ENGINE_IDLE_SECONDS: wholeNumber(0, 1_000_000)
    .default(0)
    .describe(
      'An engine that had nothing to render for this long gives its GPU free until the next render. 0 keeps it.',
    ),
  DRAIN_SECONDS: wholeNumber(0, 3600)
    .default(60)
    .describe('How long a worker that is told to stop goes on with the renders that it has begun.'),
  HTTPS_PROXY: z
    .string()
    .optional()
    .describe(
      'The proxy, http://host:port or https://host:port, that everything at https:// and wss:// is reached through (docs/operations.md). Unset: ALL_PROXY, else straight.',
    ),
  HTTP_PROXY: z
    .string()
    .optional()
    .describe('The same for http:// and ws://. Like all four it may be written in lower case, which wins.'),
  ALL_PROXY: z.string().optional().describe('The proxy for whichever of these two is unset.'),
  NO_PROXY: z
    .string()
    .optional()
    .describe(
      'What is reached straight, between commas: names (with all below them), addresses, networks such as 10.0.0.0/8, each with a port or without; * is everything. This machine always is.',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least important kind of line that is logged.'),
  LOG_FORMAT: z
    .enum(['auto', 'pretty', 'json'])
    .default('auto')
    .describe('auto is pretty in a terminal and JSON otherwise.'),
});

export interface Config {
  dataFolder: string;
  redisUrl: string | undefined;
  /** Undefined: pictures and clips are kept in the data folder. */
  bucket: Bucket | undefined;
  web: {
    host: string;
    port: number;
    /** Where people reach it, if that is not where it listens. */
    url: string | undefined;
    /** The operator's own. Undefined: the installation makes one. */
    token: string | undefined;
    /** No token is asked for. */
    isOpen: boolean;
  };
  /** Undefined: the bot is not on Discord. */
  discord: DiscordConfig | undefined;
  /** Undefined: the bot is not on Slack. */
  slack: SlackConfig | undefined;
  /** Without a port nothing is served. */
  ops: { host: string; port: number | undefined; token: string | undefined };
  /** Without an endpoint nothing is traced. */
  traces: { endpoint: string | undefined; headers: Record<string, string> };
  workerName: string;
  engine: {
    name: string;
    model: string | undefined;
    precision: Precision;
    rendersPerProcess: number;
    environment: Record<string, string>;
    needsGpu: boolean;
    /** The quality of its clips: members who ask for the other wait for another worker. */
    quality: 'fast' | 'best';
    /** For fetching its weights alone: it may hold a token. */
    pullEnvironment: Record<string, string>;
  };
  gpus: string;
  slots: number;
  runtime: { kind: 'process' | 'docker'; isShutIn: boolean; image: string; weights: string; memoryBytes: number };
  python: string | undefined;
  picture: { maxBytes: number; maxPixels: number; timeoutMs: number };
  /** How long renders are kept. */
  keepMs: number;
  moderation: {
    mostStrikes: number;
    strikeMs: number;
    blockMs: number;
    consentText: string | undefined;
    /** `nsfw`, or a program. */
    classifier: string | undefined;
    thresholdPercent: number;
  };
  /** Clips of models say that they were made with AI. */
  isAiLabelled: boolean;
  engineStartMs: number;
  engineSilenceMs: number;
  /** 0: an idle engine is kept. */
  engineIdleMs: number;
  drainMs: number;
  /** How everything beyond this machine is reached. */
  proxies: ProxySettings;
  log: { level: string; format: 'auto' | 'pretty' | 'json' };
}

export interface DiscordConfig {
  token: string;
  guild: string | undefined;
  /** Members and roles: their ids never meet. */
  admins: string[];
  isSpoiler: boolean;
  ageRestrictedOnly: boolean;
  shards: 'auto' | number;
  apiUrl: string | undefined;
  cdnUrl: string | undefined;
  alertChannel: string | undefined;
}

export interface SlackConfig {
  botToken: string | undefined;
  appToken: string | undefined;
  pongSeconds: number;
  signingSecret: string | undefined;
  oauth: { clientId: string; clientSecret: string } | undefined;
  secret: string | undefined;
  host: string;
  port: number;
  /** Members and user groups: their ids never meet. */
  admins: string[];
  isShared: boolean;
  alertChannel: string | undefined;
  apiUrl: string | undefined;
  filesUrl: string | undefined;
}

export interface Bucket {
  endpoint: string | undefined;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Reads and checks the environment. Throws ConfigError with every fault. An empty variable counts as unset. */
export function loadConfig(environment: NodeJS.ProcessEnv = readEnvironment()): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const lower = PROXY_VARIABLES.filter((name) => set[name.toLowerCase()] !== undefined);
  const given = { ...set, ...Object.fromEntries(lower.map((name) => [name, set[name.toLowerCase()]])) };
  const parsed = environmentSchema.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => describeFault(issue, given));
  // The page makes a token of its own.
  for (const [server, without] of [
    ['WEB', 'off'],
    ['OPS', undefined],
  ]) {
    const { [`${server}_HOST`]: host, [`${server}_TOKEN`]: token } = given;
    if (host !== undefined && !isLoopback(host) && token === without) {
      const came = without ?? 'none';
      faults.push(`${server}_TOKEN: expected a secret, because others can reach ${server}_HOST=${host}, got ${came}`);
    }
  }
  faults.push(...findBucketFaults(given), ...findSlackFaults(given), ...findProxyFaults(given));
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);

  const values = parsed.data;
  return {
    dataFolder: resolve(values.DATA_FOLDER),
    redisUrl: values.REDIS_URL,
    bucket: toBucket(values),
    web: {
      host: values.WEB_HOST,
      port: values.WEB_PORT,
      url: values.WEB_URL?.replace(/\/$/, ''),
      token: values.WEB_TOKEN === 'off' ? undefined : values.WEB_TOKEN,
      isOpen: values.WEB_TOKEN === 'off',
    },
    discord: toDiscord(values),
    slack: toSlack(values),
    ops: { host: values.OPS_HOST, port: values.OPS_PORT, token: values.OPS_TOKEN },
    traces: {
      endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
      headers: toHeaders(values.OTEL_EXPORTER_OTLP_HEADERS),
    },
    workerName: values.WORKER_NAME,
    engine: {
      name: values.ENGINE,
      // The render server runs in another folder.
      model: values.MODEL !== undefined && existsSync(values.MODEL) ? resolve(values.MODEL) : values.MODEL,
      precision: values.PRECISION,
      rendersPerProcess: values.RENDERS_PER_ENGINE,
      environment: pick(given, ENGINE_VARIABLE),
      pullEnvironment: pick(given, PULL_VARIABLE),
      needsGpu: GPU_ENGINES.includes(values.ENGINE),
      quality: BEST_ENGINES.includes(values.ENGINE) ? 'best' : 'fast',
    },
    gpus: values.GPUS ?? (GPU_ENGINES.includes(values.ENGINE) ? 'all' : 'none'),
    slots: values.RENDER_SLOTS,
    runtime: {
      kind: values.RUNTIME,
      isShutIn: (values.ENGINE_SANDBOX ?? (GPU_ENGINES.includes(values.ENGINE) ? 'off' : 'on')) === 'on',
      image: values.RENDER_IMAGE,
      weights: values.WEIGHTS,
      memoryBytes: values.RENDER_MEMORY_GIBIBYTES * GIBIBYTE,
    },
    python: values.PYTHON,
    picture: {
      maxBytes: values.MAX_PICTURE_MEGABYTES * MEBIBYTE,
      maxPixels: values.MAX_PICTURE_MEGAPIXELS * 1_000_000,
      timeoutMs: values.PICTURE_TIMEOUT_SECONDS * SECOND_MS,
    },
    keepMs: values.RETENTION_DAYS * DAY_MS,
    moderation: {
      mostStrikes: values.MODERATION_STRIKES,
      strikeMs: values.MODERATION_STRIKE_DAYS * DAY_MS,
      blockMs: values.MODERATION_BLOCK_HOURS * HOUR_MS,
      consentText: values.CONSENT_TEXT,
      classifier: values.MODERATION_CLASSIFIER,
      thresholdPercent: values.MODERATION_THRESHOLD_PERCENT,
    },
    isAiLabelled: values.AI_LABEL === 'true',
    engineStartMs: values.ENGINE_START_SECONDS * SECOND_MS,
    engineSilenceMs: values.ENGINE_SILENCE_SECONDS * SECOND_MS,
    engineIdleMs: values.ENGINE_IDLE_SECONDS * SECOND_MS,
    drainMs: values.DRAIN_SECONDS * SECOND_MS,
    proxies: toProxies(given),
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT },
  };
}

function pick(given: NodeJS.ProcessEnv, names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => names.test(entry[0])));
}

const BUCKET_VARIABLES = ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'];

/** All of them, or none. */
function findBucketFaults(given: NodeJS.ProcessEnv): string[] {
  const set = Object.keys(given).filter((name) => name.startsWith('S3_'));
  if (set.length === 0) return [];
  const unset = BUCKET_VARIABLES.filter((name) => !set.includes(name));
  return unset.map((name) => `${name}: expected a value, because ${set.join(', ')} is set, got none`);
}

/** As OpenTelemetry has them: values may be percent-encoded. */
function toHeaders(text = ''): Record<string, string> {
  const pairs = text.split(',').filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => [
      pair.slice(0, pair.indexOf('=')).trim(),
      decodeURIComponent(pair.slice(pair.indexOf('=') + 1)),
    ]),
  );
}

function toDiscord(values: z.infer<typeof environmentSchema>): DiscordConfig | undefined {
  const { DISCORD_TOKEN: token, DISCORD_SHARDS: shards } = values;
  if (token === undefined) return undefined;
  return {
    token,
    guild: values.DISCORD_GUILD,
    admins: values.DISCORD_ADMINS?.split(',').map((id) => id.trim()) ?? [],
    isSpoiler: values.DISCORD_SPOILER === 'true',
    ageRestrictedOnly: values.DISCORD_AGE_RESTRICTED_ONLY === 'true',
    shards: shards === 'auto' ? 'auto' : Number(shards),
    apiUrl: values.DISCORD_API_URL,
    cdnUrl: values.DISCORD_CDN_URL,
    alertChannel: values.DISCORD_ALERT_CHANNEL,
  };
}

const SLACK_INSTALL_VARIABLES = ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET', 'SLACK_SECRET'];

/** One workspace by its token, or many that install the app; and in either case a way for events to come in. */
function findSlackFaults(given: NodeJS.ProcessEnv): string[] {
  const set = Object.keys(given).filter((name) => /^SLACK_(?!HOST$|PORT$|PONG_SECONDS$)/.test(name));
  if (set.length === 0) return [];
  const names = set.join(', ');
  const faults: string[] = [];
  const installs = SLACK_INSTALL_VARIABLES.filter((name) => set.includes(name));
  if (installs.length > 0) {
    const unset = SLACK_INSTALL_VARIABLES.filter((name) => !installs.includes(name));
    faults.push(...unset.map((name) => `${name}: expected a value, because ${installs.join(', ')} is set, got none`));
    if (set.includes('SLACK_ALERT_CHANNEL')) {
      faults.push(
        'SLACK_ALERT_CHANNEL: expected none, because it is a channel of one workspace (SLACK_BOT_TOKEN), got one',
      );
    }
    if (set.includes('SLACK_BOT_TOKEN')) {
      faults.push('SLACK_BOT_TOKEN: expected none, because workspaces install the app (SLACK_CLIENT_ID), got one');
    }
  } else if (!set.includes('SLACK_BOT_TOKEN')) {
    faults.push(`SLACK_BOT_TOKEN: expected the token of a bot, because ${names} is set, got none`);
  }
  if (!set.includes('SLACK_APP_TOKEN') && !set.includes('SLACK_SIGNING_SECRET')) {
    faults.push(
      `SLACK_APP_TOKEN: expected an app-level token (or SLACK_SIGNING_SECRET), because ${names} is set, got none`,
    );
  }
  return faults;
}

function toSlack(values: z.infer<typeof environmentSchema>): SlackConfig | undefined {
  const { SLACK_BOT_TOKEN: botToken, SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = values;
  if (botToken === undefined && clientId === undefined) return undefined;
  return {
    botToken,
    appToken: values.SLACK_APP_TOKEN,
    signingSecret: values.SLACK_SIGNING_SECRET,
    oauth: clientId !== undefined && clientSecret !== undefined ? { clientId, clientSecret } : undefined,
    secret: values.SLACK_SECRET,
    host: values.SLACK_HOST,
    port: values.SLACK_PORT,
    admins: values.SLACK_ADMINS?.split(',').map((id) => id.trim()) ?? [],
    isShared: values.SLACK_SHARED_CHANNELS === 'true',
    pongSeconds: values.SLACK_PONG_SECONDS,
    alertChannel: values.SLACK_ALERT_CHANNEL,
    apiUrl: values.SLACK_API_URL,
    filesUrl: values.SLACK_FILES_URL,
  };
}

function toBucket(values: z.infer<typeof environmentSchema>): Bucket | undefined {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  if (bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { endpoint: values.S3_ENDPOINT, region: values.S3_REGION, bucket, accessKeyId, secretAccessKey };
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** Which variable says how addresses of that scheme are reached. */
function proxyVariableOf(scheme: 'HTTP' | 'HTTPS', given: NodeJS.ProcessEnv): string | undefined {
  return [`${scheme}_PROXY`, 'ALL_PROXY'].find((name) => given[name] !== undefined);
}

/** As curl has it, a proxy without a scheme is one for http://. */
function toProxy(text: string | undefined): URL | undefined {
  const address = text === undefined || text.includes('://') ? text : `http://${text}`;
  const url = address !== undefined && URL.canParse(address) ? new URL(address) : undefined;
  return url && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined;
}

/** Only of those that are used: desktops set ALL_PROXY to a SOCKS proxy beside the other two. */
function findProxyFaults(given: NodeJS.ProcessEnv): string[] {
  const used = new Set([proxyVariableOf('HTTP', given), proxyVariableOf('HTTPS', given)]);
  return [...used].flatMap((name) => {
    const value = name === undefined ? undefined : given[name];
    if (value === undefined || toProxy(value)) return [];
    const scheme = /^(socks\w*):/i.exec(value)?.[1];
    if (scheme === undefined) return [`${name}: expected http://host:port or https://host:port, got something else`];
    return [
      `${name}: expected a proxy for HTTP, http://host:port or https://host:port, got ${scheme}://, which is not supported; give HTTP_PROXY and HTTPS_PROXY an HTTP proxy, or put one before it`,
    ];
  });
}

function toProxies(given: NodeJS.ProcessEnv): ProxySettings {
  const proxyFor = (scheme: 'HTTP' | 'HTTPS') => toProxy(given[proxyVariableOf(scheme, given) ?? '']);
  return { http: proxyFor('HTTP'), https: proxyFor('HTTPS'), exempt: given.NO_PROXY ?? '' };
}

/** The text of `.env.example`: every variable with its description and default, commented out. */
export function describeEnvironment(): string {
  const entries = Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const isMachineDependent = name === 'RENDER_SLOTS';
    const fallback = isMachineDependent ? undefined : schema.safeParse(undefined).data;
    return `# ${schema.description}\n#${name}=${fallback ?? ''}\n`;
  });
  return `# Copy to .env and uncomment what you want to change. Every value shown is the default.\n\n${entries.join('\n')}`;
}

// A secret's value must not be echoed into a terminal or a log.
const SECRET_NAMES = new Set([
  ...['WEB_TOKEN', 'OPS_TOKEN', 'OTEL_EXPORTER_OTLP_HEADERS', 'DISCORD_TOKEN', 'REDIS_URL'],
  ...['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', 'SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET'],
  ...['SLACK_CLIENT_SECRET', 'SLACK_SECRET'],
]);

function describeFault(issue: z.core.$ZodIssue, given: NodeJS.ProcessEnv): string {
  const name = String(issue.path[0]);
  const value = given[name] ?? '';
  const expected = issue.code === 'invalid_value' ? `one of ${issue.values.join(', ')}` : issue.message;
  const came = SECRET_NAMES.has(name) ? `${value.length} characters that are not` : JSON.stringify(value);
  return `${name}: expected ${expected}, got ${came}`;
}

function readEnvironment(): NodeJS.ProcessEnv {
  // Variables that are already set win over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
