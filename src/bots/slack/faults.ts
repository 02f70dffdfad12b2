// What a member is told of an error on Slack.
import { UserError } from '../../errors.ts';
import { describeFault as describe } from '../faults.ts';
import type { Words } from '../languages/words.ts';
import { plain } from './drawing.ts';

const MARKUP = { plain, small: (marked: string) => `_${marked}_` };

/** What is told has a button to go with it. */
export function isConsentMissing(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'consent_missing';
}

export function describeFault(error: unknown, words: Words): string {
  if (isConsentMissing(error)) return `${plain(error.message)}\n${words.slack.howToAccept}`;
  return describe(error, words, MARKUP);
}
