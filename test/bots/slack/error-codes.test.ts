// Each refusal that Slack documents has a meaning for the bot. The lists are Slack's, of each method that the bot calls.
import { webApi } from '@slack/bolt';
import { expect, test } from 'vitest';
import { describeRefusal, findMeaning, meaningOf } from '../../../src/bots/slack/error-codes.ts';
import published from './published-errors.json' with { type: 'json' };
import { methodsUsed } from './source.ts';

const refusal = (data: Record<string, unknown>) =>
  new webApi.WebAPIPlatformError({ ok: false, ...data } as webApi.WebAPICallResult & { error: string });

test.each(Object.entries(published))('every refusal that Slack publishes of %s has a meaning', (_method, codes) => {
  expect(codes.filter((code) => findMeaning(code) === undefined)).toEqual([]);
});

test('the published lists are those of the methods that the bot calls', () => {
  const known = Object.keys(published);
  expect(methodsUsed().length).toBeGreaterThan(10);
  expect(methodsUsed().filter((method) => !known.includes(method))).toEqual([]);
});

test('a refusal that Slack has not published is taken for final, and an answer that is not Slack’s for none', () => {
  expect(meaningOf(refusal({ error: 'something_new' }))).toBe('bug');
  expect(meaningOf(new TypeError('fetch failed'))).toBeUndefined();
});

test('the log learns the scopes and the faults that Slack names, and nothing else of an answer', () => {
  const data = { error: 'missing_scope', needed: 'files:read', provided: 'chat:write', secret: 'x' };
  expect(describeRefusal(refusal(data))).toEqual({
    ...{ refusal: 'missing_scope', needed: 'files:read', provided: 'chat:write' },
  });
  const faults = { error: 'invalid_blocks', response_metadata: { messages: ['[ERROR] too long'] } };
  expect(describeRefusal(refusal(faults))).toEqual({ refusal: 'invalid_blocks', messages: ['[ERROR] too long'] });
});
