// Discord's documented error codes: each has a meaning here.
import { RESTJSONErrorCodes } from 'discord.js';
import { expect, test } from 'vitest';
import { isKnown, meaningOf } from '../../../src/bots/discord/error-codes.ts';

const documented = Object.entries(RESTJSONErrorCodes).filter(
  (entry): entry is [string, RESTJSONErrorCodes] => typeof entry[1] === 'number',
);

test('no documented code is without a meaning', () => {
  expect(documented.length).toBeGreaterThan(200);
  expect(documented.filter(([, code]) => !isKnown(code))).toEqual([]);
});

test.each([
  [10008, 'gone'],
  [50027, 'token_ended'],
  [50001, 'forbidden'],
  [50013, 'forbidden'],
  [50278, 'forbidden'],
  [160005, 'forbidden'],
  [50083, 'archived'],
  [40005, 'too_large'],
  [50035, 'refused'],
  [160002, 'refused'],
  [20022, 'refused'],
  [240000, 'refused'],
  [20028, 'wait'],
  [130000, 'wait'],
  [60003, 'operator'],
  [40333, 'operator'],
])('%i means %s', (code, meaning) => {
  expect(meaningOf(code)).toBe(meaning);
});

test('an unknown code is a refusal, which is never repeated for ever', () => {
  expect(meaningOf(987654)).toBe('refused');
  expect(meaningOf('invalid_request')).toBe('refused');
});
