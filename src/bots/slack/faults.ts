// What a member is told of an error on Slack.
import { UserError } from '../../errors.ts';
import { describeTime } from '../../refusals.ts';
import { describeFault as describe, type Markup } from '../faults.ts';
import type { Words } from '../languages/words.ts';
import { escapeText, plain, toDay } from './drawing.ts';

const MARKUP: Markup = {
  text: plain,
  code: (text) => `\`${escapeText(text.replaceAll('`', ''))}\``,
  time: toDay,
  small: (marked) => `_${marked}_`,
  community: 'workspace',
  namesOptions: 'typed',
};

/** Below a form's field nothing but plain text is shown. */
const FIELD_MARKUP: Markup = {
  ...MARKUP,
  text: (text) => text,
  code: (text) => text,
  time: describeTime,
  small: (text) => text,
  namesOptions: 'form',
};

/** What is told has a button to go with it. */
export function isConsentMissing(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'consent_missing';
}

export function describeFault(error: unknown, words: Words): string {
  // The operator's own text, with its links.
  if (isConsentMissing(error)) return `${error.message}\n${words.slack.howToAccept}`;
  return describe(error, words, MARKUP);
}

/** For a form's field. */
export function describeFieldFault(error: unknown, words: Words): string {
  return describe(error, words, FIELD_MARKUP);
}
