// What a member is told of an error: what they can put right in full, and nothing of the rest.
import { OperationError, UserError } from '../errors.ts';
import type { Words } from './languages/words.ts';

/** A sentence for the member, already in their language and their service's markup. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export function isExpected(error: unknown): error is Error {
  return error instanceof Refusal || error instanceof UserError;
}

/** How a chat service shows a text as it is, and how it shows one that says less. */
export interface Markup {
  plain(text: string): string;
  small(marked: string): string;
}

export function describeFault(error: unknown, words: Words, { plain, small }: Markup): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof UserError) {
    const general = words.refusals[error.code];
    // The particular sentence has the figures, which everybody can read.
    return general === undefined ? plain(error.message) : `${general}\n${small(plain(error.message))}`;
  }
  if (error instanceof OperationError && error.code === 'redis_unavailable') return words.chat.queueAway;
  return words.chat.broken;
}
