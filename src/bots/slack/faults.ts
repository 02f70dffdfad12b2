// What a member is told of an error: what they can put right in full, and nothing of the rest.
import { OperationError, UserError } from '../../errors.ts';
import type { Words } from '../languages/words.ts';
import { plain } from './drawing.ts';

/** A sentence for the member, already in their language and Slack's markup. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export function isExpected(error: unknown): error is Error {
  return error instanceof Refusal || error instanceof UserError;
}

/** What is told has a button to go with it. */
export function isConsentMissing(error: unknown): boolean {
  return error instanceof UserError && error.code === 'consent_missing';
}

export function describeFault(error: unknown, words: Words): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof UserError) return describeRefusal(error, words);
  if (error instanceof OperationError && error.code === 'redis_unavailable') return words.chat.queueAway;
  return words.chat.broken;
}

function describeRefusal({ code, message }: UserError, { refusals, slack }: Words): string {
  if (code === 'consent_missing') return `${plain(message)}\n${slack.howToAccept}`;
  const general = refusals[code];
  // The particular sentence has the figures, which everybody can read.
  return general === undefined ? plain(message) : `${general}\n_${plain(message)}_`;
}
