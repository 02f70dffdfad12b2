// What an admin typed after /animate-admin, as a request; and the words that say what can be typed.
import { UserError } from '../../errors.ts';
import { RESOLUTIONS } from '../../limits.ts';
import type { Scope } from '../../queue/rules.ts';
import { ADMIN_VERBS, type AdminRequest, type LimitsRequest } from '../platform.ts';
import { toMemberId } from './origin.ts';

export const ADMIN_USAGE = [
  '`health`, `queue`, `workers`, `quarantine`: how it is',
  '`job ID`: everything about one clip',
  '`pause`, `resume`: start no more clips, or go on',
  '`drain WORKER`, `drain WORKER undo`: let it finish what it has and take no more, or undo that',
  '`unload WORKER/ENGINE`: free a GPU until the next clip',
  '`cancel ID`, `retry ID`: cancel anybody’s clip, or retry one that failed',
  '`block`, `block @member`, `block @member hours:24`, `block server:T123`, and `unblock` the same: whose requests are taken',
  '`strikes @member`, `strikes @member clear`: how often they were refused lately',
  '`words`, `words add ENTRY`, `words remove ENTRY`: the private list of what is refused',
  '`audit`: what admins did lately',
  '`limits`, `limits at_once:3 per_day:20`: what each member may have; 0 is no limit. Also `gpu_seconds`, `cooldown`, `seconds`, `resolution` and `weight`',
  '`limits @member …`, `limits @group …`, `limits #channel …`, `limits channels …`, `limits workspace …`, `limits everyone …`: the same for others; `reset` takes them away, `history` says who changed what',
].join('\n');

/** Slack writes members as `<@U123|name>` where commands are escaped. Throws a UserError that says what was expected. */
export function parseAdminCommand(text: string, team: string): Omit<AdminRequest, 'by'> {
  const [typed = '', ...rest] = text.trim().split(/\s+/);
  const verb = ADMIN_VERBS.find((known) => known === typed.toLowerCase());
  if (!verb)
    throw new UserError(
      'bad_command',
      typed === ''
        ? `Use one of ${ADMIN_VERBS.join(', ')}.`
        : `I don't know ${typed}. Use one of ${ADMIN_VERBS.join(', ')}.`,
    );
  const [subject] = rest;
  switch (verb) {
    case 'job':
    case 'cancel':
    case 'retry':
      return { verb, subject: require(subject, `the ID of a clip after ${verb}`) };
    case 'unload':
      return { verb, subject: require(subject, 'an engine, such as worker/0, after unload') };
    case 'drain':
      return { verb, subject: require(subject, 'the name of a worker after drain'), isUndone: rest[1] === 'undo' };
    case 'block':
      return subject === undefined ? { verb } : { verb, ...readWho(verb, subject, team), ...readHours(rest[1]) };
    case 'unblock':
      return { verb, ...readWho(verb, subject, team) };
    case 'strikes':
      return { verb, ...readWho(verb, subject, team), isUndone: rest[1] === 'clear' };
    case 'words':
      return { verb, ...readWords(text) };
    case 'limits':
      return { verb, limits: readLimits(rest, team) };
    default:
      return { verb };
  }
}

function readWho(verb: string, word: string | undefined, team: string): Pick<AdminRequest, 'subject' | 'server'> {
  const server = /^server:([A-Z0-9]{2,20})$/.exec(word ?? '')?.[1];
  if (server !== undefined) return { server };
  const user = /^<@([UW][A-Z0-9]+)(\|[^>]*)?>$/.exec(word ?? '')?.[1];
  return { subject: toMemberId({ team, user: require(user, `a member, such as @ada, after ${verb}`, word) }) };
}

function readHours(word: string | undefined): Pick<AdminRequest, 'hours'> {
  if (word === undefined) return {};
  const hours = Number(/^hours:(\d{1,4})$/.exec(word)?.[1]);
  if (!(hours >= 1)) throw new UserError('bad_option', `I don't know ${word}. Use hours:24, for example.`);
  return { hours };
}

/** What comes after `add` and `remove` is the entry, as it was typed. */
function readWords(text: string): Pick<AdminRequest, 'entry' | 'isUndone'> {
  const [, change, entry] = /^\s*words\s+(add|remove)\s+(.+)$/is.exec(text) ?? [];
  if (entry !== undefined) return { entry: entry.trim(), isUndone: change?.toLowerCase() === 'remove' };
  if (/^\s*words\s*$/i.test(text)) return {};
  throw new UserError('bad_option', 'Use `words`, `words add ENTRY` or `words remove ENTRY`.');
}

/** A member, a user group or a channel, as Slack writes them where commands are escaped. */
const SUBJECT = /^<(@|!subteam\^|#)([A-Z0-9]+)(\|[^>]*)?>$/;

const GROUPS: Record<string, (team: string) => Scope> = {
  members: () => ({ kind: 'member' }),
  channels: () => ({ kind: 'channel' }),
  workspaces: () => ({ kind: 'server' }),
  workspace: (team) => ({ kind: 'server', id: team }),
  everyone: () => ({ kind: 'everyone' }),
};

const AMOUNTS = {
  at_once: 'atOnce',
  per_day: 'perDay',
  gpu_seconds: 'gpuSecondsPerDay',
  cooldown: 'cooldownSeconds',
  seconds: 'seconds',
  weight: 'weight',
} as const;

function readLimits(words: string[], team: string): LimitsRequest {
  const limits: LimitsRequest = { of: { kind: 'member' }, changes: {}, isReset: false, showsHistory: false };
  for (const word of words) {
    const scope = readScope(word, team);
    const [, name = '', value = ''] = /^([a-z_]+):([\w.]+)$/.exec(word) ?? [];
    const amount = Object.entries(AMOUNTS).find(([typed]) => typed === name)?.[1];
    const resolution = RESOLUTIONS.find((known) => name === 'resolution' && known === value);
    if (scope) limits.of = scope;
    else if (word === 'reset') limits.isReset = true;
    else if (word === 'history') limits.showsHistory = true;
    else if (amount && /^\d{1,7}(\.\d{1,2})?$/.test(value)) limits.changes[amount] = Number(value);
    else if (resolution) limits.changes.resolution = resolution;
    else
      throw new UserError(
        'bad_option',
        `I don't know ${word}. Try for example at_once:3, a member, a channel or reset.`,
      );
  }
  return limits;
}

function readScope(word: string, team: string): Scope | undefined {
  const [, mark, id = ''] = SUBJECT.exec(word) ?? [];
  if (mark === '@') return { kind: 'member', id: toMemberId({ team, user: id }) };
  if (mark === '#') return { kind: 'channel', id };
  if (mark !== undefined) return { kind: 'role', id };
  // A word such as toString is no group, though every object has it.
  return Object.hasOwn(GROUPS, word) ? GROUPS[word]?.(team) : undefined;
}

function require(value: string | undefined, expected: string, came = value): string {
  if (value !== undefined) return value;
  throw new UserError('bad_option', `Please give ${expected}${came === undefined ? '' : ` (you wrote ${came})`}.`);
}
