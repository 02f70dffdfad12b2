// What only the operator can mend is told once, with the name of the setting, and until Slack takes the token again.
import { webApi } from '@slack/bolt';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createSettingFault } from '../../../src/bots/slack/setting-fault.ts';

function open() {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  return { fault: createSettingFault(log, 'SLACK_BOT_TOKEN'), lines };
}
const refusal = (error: string, more: object = {}) =>
  new webApi.WebAPIPlatformError({ ok: false, error, ...more } as webApi.WebAPICallResult & { error: string });

test('a token that was revoked is one error, and red until Slack takes one again', () => {
  const { fault, lines } = open();
  expect(fault.current()).toEqual({});
  for (let count = 0; count < 3; count += 1) fault.heard('chat.update', refusal('token_revoked'));
  expect(fault.current().fault).toMatchObject({ setting: 'SLACK_BOT_TOKEN' });
  expect(fault.current().fault?.sentence).toContain('token_revoked');
  expect(lines.filter((line) => line.includes('"level":50'))).toHaveLength(1);
  fault.heard('auth.test');
  expect(fault.current()).toEqual({});
});

test('a lost scope is named, until the method that needs it works', () => {
  const { fault } = open();
  fault.heard('files.info', refusal('missing_scope', { needed: 'files:read', provided: 'chat:write' }));
  fault.heard('chat.postMessage');
  expect(fault.current().fault?.sentence).toContain('files:read');
  fault.heard('files.info');
  expect(fault.current()).toEqual({});
});

test('a scope that the app never asks for, a refusal and an outage are no fault of a setting', () => {
  const { fault } = open();
  fault.heard('conversations.info', refusal('missing_scope', { needed: 'mpim:read', provided: 'chat:write' }));
  fault.heard('chat.update', refusal('edit_window_closed'));
  fault.heard('chat.update', new TypeError('fetch failed'));
  expect(fault.current()).toEqual({});
});
