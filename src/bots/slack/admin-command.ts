// What an admin typed behind /animate-admin, as a request; and the words that say what can be typed.
import { UserError } from '../../errors.ts';
import { ADMIN_VERBS, type AdminRequest, type LimitsRequest } from '../platform.ts';
import { toMemberId } from './origin.ts';

export const ADMIN_USAGE = [
  '`health`, `queue`, `workers`, `quarantine`: how it is',
  '`job NUMBER`: everything about one render',
  '`pause`, `resume`: start no further renders, or go on',
  '`drain WORKER`, `drain WORKER undo`: let it finish what it has and take no more, or undo that',
  '`unload WORKER/ENGINE`: give a GPU free until the next render',
  '`cancel NUMBER`, `retry NUMBER`: cancel anybody’s render, or try one again that failed',
  '`block @member`, `unblock @member`: whose commands are taken',
  '`limits`, `limits at_once:3 per_day:20`: what each member may have; 0 is no limit',
].join('\n');

/** Slack writes members as `<@U123|name>` where commands are escaped. Throws a UserError that says what was expected. */
export function parseAdminCommand(text: string, team: string): Omit<AdminRequest, 'by'> {
  const [typed = '', ...rest] = text.trim().split(/\s+/);
  const verb = ADMIN_VERBS.find((known) => known === typed.toLowerCase());
  if (!verb)
    throw new UserError('bad_command', `Expected one of ${ADMIN_VERBS.join(', ')}, got ${typed || 'nothing'}.`);
  const [subject] = rest;
  switch (verb) {
    case 'job':
    case 'cancel':
    case 'retry':
      return { verb, subject: require(subject, `the number of a render behind ${verb}`) };
    case 'unload':
      return { verb, subject: require(subject, 'an engine, such as worker/0, behind unload') };
    case 'drain':
      return { verb, subject: require(subject, 'the name of a worker behind drain'), isUndone: rest[1] === 'undo' };
    case 'block':
    case 'unblock': {
      const user = /^<@([UW][A-Z0-9]+)(\|[^>]*)?>$/.exec(subject ?? '')?.[1];
      return {
        verb,
        subject: toMemberId({ team, user: require(user, `a member, such as @ada, behind ${verb}`, subject) }),
      };
    }
    case 'limits':
      return { verb, limits: readLimits(rest) };
    default:
      return { verb };
  }
}

function readLimits(words: string[]): LimitsRequest {
  const limits: LimitsRequest = { of: { kind: 'member' }, changes: {}, isReset: false, showsHistory: false };
  for (const word of words) {
    const [, name, value] = /^(at_once|per_day):(\d{1,6})$/.exec(word) ?? [];
    if (name === undefined)
      throw new UserError('bad_option', `Expected at_once:NUMBER or per_day:NUMBER, got ${word}.`);
    limits.changes[name === 'at_once' ? 'atOnce' : 'perDay'] = Number(value);
  }
  return limits;
}

function require(value: string | undefined, expected: string, came = value): string {
  if (value !== undefined) return value;
  throw new UserError('bad_option', `Expected ${expected}, got ${came ?? 'nothing'}.`);
}
