// What a method of the Web API is given, how its arguments are read, and how it refuses.
import type { Limits, Tier } from './limits.ts';
import type { FakeChannel, FakeEvent, FakeMessage, FakeTeam, Json, World } from './world.ts';

export class Refusal extends Error {
  readonly details: Json;
  /** Whether only a mistake in our code can bring Slack to refuse so. */
  readonly isOurFault: boolean;

  constructor(code: string, details: Json = {}, isOurFault = false) {
    super(code);
    this.details = details;
    this.isOurFault = isOurFault;
  }
}

export const refuseArguments = (code: string, messages: string[]): Refusal =>
  new Refusal(code, { response_metadata: { messages } }, true);

type Kind = 'text' | 'number' | 'flag' | 'json';
/** With `!`, the method does not go without it. */
export type Arguments = Record<string, Kind | `${Kind}!`>;

// biome-ignore lint/suspicious/noExplicitAny: what was read is as its method declares it.
export type Given = Record<string, any>;

export interface Call {
  team: FakeTeam;
  given: Given;
  isAppToken: boolean;
}

export interface Method {
  tier: Tier;
  arguments: Arguments;
  /** One of them is enough. Of a conversation's kind where it is a function. */
  scopes?: string[] | ((channel: FakeChannel | undefined) => string[]);
  token?: 'app' | 'none';
  run(call: Call): Json;
}

export type Methods = Record<string, Method>;

/** What the methods need of the service around them. */
export interface Service {
  world: World;
  limits: Limits;
  /** What only a mistake in our code can have asked for. */
  faults: string[];
  url(): string;
  /** Tells the bot of an event in a channel, as far as Slack would. */
  tellBot(event: Json, of: { channel: FakeChannel; member: string; message?: FakeMessage }): FakeEvent;
  socketUrl(): string;
}

const COMMON: Arguments = { token: 'text', team_id: 'text' };

function readOne(kind: string, value: unknown): unknown {
  if (kind === 'text') return typeof value === 'string' ? value : undefined;
  if (kind === 'number') {
    const number = typeof value === 'boolean' || value === '' ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  }
  if (kind === 'flag') {
    return { true: true, '1': true, false: false, '0': false }[String(value)];
  }
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** The arguments by name, each of its declared type. Slack names what is missing or of another type. */
export function readArguments(declared: Arguments, sent: Json): { given: Given; unknown: string[] } {
  const known: Arguments = { ...COMMON, ...declared };
  const given: Given = {};
  const messages: string[] = [];
  for (const [name, kind] of Object.entries(known)) {
    const value = sent[name];
    if (value === undefined || value === null || value === '') {
      if (kind.endsWith('!')) messages.push(`[ERROR] missing required field: ${name}`);
      continue;
    }
    const read = readOne(kind.replace('!', ''), value);
    if (read === undefined) messages.push(`[ERROR] must be a ${kind.replace('!', '')} [json-pointer:/${name}]`);
    else given[name] = read;
  }
  if (messages.length > 0) throw refuseArguments('invalid_arguments', messages);
  return { given, unknown: Object.keys(sent).filter((name) => !(name in known)) };
}

/** A channel that the bot can see: a private one that it is not in is not there for it. */
export function visibleChannel(world: World, team: FakeTeam, id: string): FakeChannel {
  const channel = world.channels.get(id);
  if (!channel || channel.team !== team.id || (!channel.hasBot && channel.kind !== 'public')) {
    throw new Refusal('channel_not_found');
  }
  return channel;
}

const READ = { public: 'channels', private: 'groups', direct: 'im', group: 'mpim' };

/** The scope to read or to see the history of a conversation of this kind. */
export const scopesOfKind = (right: 'read' | 'history' | 'write') => (channel: FakeChannel | undefined) => [
  `${READ[channel?.kind ?? 'public']}:${right}`,
];
