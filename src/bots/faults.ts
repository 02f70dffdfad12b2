// What a member is told of an error: what they can put right in full, and nothing of the rest.
import { OperationError, UserError } from '../errors.ts';
import type { Marks } from '../refusal-kinds.ts';
import { say } from '../refusals.ts';
import type { Words } from './languages/words.ts';
import { MediaAway } from './picture-download.ts';

/** A sentence for the member, already in their language and their service's markup. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export function isExpected(error: unknown): error is Error {
  return error instanceof Refusal || error instanceof UserError;
}

/** How a chat service shows what is in a sentence, and a text that says less. */
export interface Markup extends Omit<Marks, 'option'> {
  small(marked: string): string;
  /** Whether members give options in a form, where they have names in their own language, or type them. */
  namesOptions: 'form' | 'typed';
}

export function describeFault(error: unknown, words: Words, markup: Markup): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof UserError) return describeRefusal(error, words, markup);
  if (error instanceof OperationError && error.code === 'redis_unavailable') return words.chat.queueAway;
  if (error instanceof MediaAway) return words.chat.mediaAway;
  return words.chat.broken;
}

export function describeRefusal({ reason, message }: UserError, words: Words, markup: Markup): string {
  const { text, small } = markup;
  if (reason) return say(reason, words.refusals, toMarks(words, markup));
  return words.refusedInEnglish === '' ? text(message) : `${words.refusedInEnglish}\n${small(text(message))}`;
}

function toMarks({ commands }: Words, markup: Markup): Marks {
  const called = (name: string): string => {
    const option = Object.entries(commands).find(([known]) => known === name)?.[1];
    return markup.namesOptions === 'form' && typeof option === 'object' ? option.name : name;
  };
  return { ...markup, option: (name) => markup.code(called(name)) };
}
