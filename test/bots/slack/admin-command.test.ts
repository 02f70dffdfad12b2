// What can be typed behind /animate-admin.
import { expect, test } from 'vitest';
import { ADMIN_VERBS } from '../../../src/bots/platform.ts';
import { ADMIN_USAGE, parseAdminCommand } from '../../../src/bots/slack/admin-command.ts';

test.each([
  ['health', { verb: 'health' }],
  ['  QUEUE ', { verb: 'queue' }],
  ['job slack-1', { verb: 'job', subject: 'slack-1' }],
  ['cancel slack-1', { verb: 'cancel', subject: 'slack-1' }],
  ['drain host-a', { verb: 'drain', subject: 'host-a', isUndone: false }],
  ['drain host-a undo', { verb: 'drain', subject: 'host-a', isUndone: true }],
  ['block <@U123|ada>', { verb: 'block', subject: 'T1-U123' }],
  ['unblock <@W9>', { verb: 'unblock', subject: 'T1-W9' }],
  ['limits', { verb: 'limits', limits: {} }],
  ['limits at_once:3 per_day:0', { verb: 'limits', limits: { atOnce: 3, perDay: 0 } }],
])('%j is understood', (text, request) => {
  expect(parseAdminCommand(text, 'T1')).toEqual(request);
});

test.each([
  ['dance', /^Expected one of health, .*, got dance\.$/],
  ['job', 'Expected the number of a render behind job, got nothing.'],
  ['drain', 'Expected the name of a worker behind drain, got nothing.'],
  ['block', 'Expected a member, such as @ada, behind block, got nothing.'],
  ['block @ada', 'Expected a member, such as @ada, behind block, got @ada.'],
  ['block <!channel>', 'Expected a member, such as @ada, behind block, got <!channel>.'],
  ['limits per_day:-1', 'Expected at_once:NUMBER or per_day:NUMBER, got per_day:-1.'],
  ['limits many', 'Expected at_once:NUMBER or per_day:NUMBER, got many.'],
])('%j is answered with what was expected', (text, sentence) => {
  expect(() => parseAdminCommand(text, 'T1')).toThrow(sentence);
});

test('the usage names every verb', () => {
  for (const verb of ADMIN_VERBS) expect(ADMIN_USAGE).toMatch(new RegExp(`\`${verb}\\b`));
});
