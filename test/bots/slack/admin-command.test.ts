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
  ['retry slack-1', { verb: 'retry', subject: 'slack-1' }],
  ['unload host-a/0', { verb: 'unload', subject: 'host-a/0' }],
])('%j is understood', (text, request) => {
  expect(parseAdminCommand(text, 'T1')).toEqual(request);
});

test.each([
  ['limits', { kind: 'member' }, {}],
  ['limits at_once:3 per_day:0', { kind: 'member' }, { atOnce: 3, perDay: 0 }],
  [
    'limits gpu_seconds:60 cooldown:5 seconds:3 weight:1.5',
    { kind: 'member' },
    { gpuSecondsPerDay: 60, cooldownSeconds: 5, seconds: 3, weight: 1.5 },
  ],
  ['limits <@U123|ada> resolution:480p', { kind: 'member', id: 'T1-U123' }, { resolution: '480p' }],
  ['limits <!subteam^S12|@painters> weight:2', { kind: 'role', id: 'S12' }, { weight: 2 }],
  ['limits <#C12|garden> at_once:9', { kind: 'channel', id: 'C12' }, { atOnce: 9 }],
  ['limits channels at_once:9', { kind: 'channel' }, { atOnce: 9 }],
  ['limits workspace', { kind: 'server', id: 'T1' }, {}],
  ['limits workspaces', { kind: 'server' }, {}],
  ['limits everyone at_once:100', { kind: 'everyone' }, { atOnce: 100 }],
])('%j says whose limits and which', (text, of, changes) => {
  const limits = { of, changes, isReset: false, showsHistory: false };
  expect(parseAdminCommand(text, 'T1')).toEqual({ verb: 'limits', limits });
});

test('limits are taken away by reset, and history says who changed them', () => {
  expect(parseAdminCommand('limits <@U1> reset', 'T1').limits?.isReset).toBe(true);
  expect(parseAdminCommand('limits history', 'T1').limits?.showsHistory).toBe(true);
});

test.each([
  ['dance', /^I don't know dance\. Use one of health, /],
  ['job', 'Please give the ID of a clip after job.'],
  ['drain', 'Please give the name of a worker after drain.'],
  ['block @ada', 'Please give a member, such as @ada, after block (you wrote @ada).'],
  ['block <!channel>', 'Please give a member, such as @ada, after block (you wrote <!channel>).'],
  ['unload', 'Please give an engine, such as worker/0, after unload.'],
  ['limits per_day:-1', "I don't know per_day:-1. Try for example at_once:3, a member, a channel or reset."],
  ['limits resolution:8k', "I don't know resolution:8k. Try for example at_once:3, a member, a channel or reset."],
  ['limits toString', "I don't know toString. Try for example at_once:3, a member, a channel or reset."],
  ['limits <!channel>', "I don't know <!channel>. Try for example at_once:3, a member, a channel or reset."],
])('%j is answered with what was expected', (text, sentence) => {
  expect(() => parseAdminCommand(text, 'T1')).toThrow(sentence);
});

test('the usage names every verb', () => {
  for (const verb of ADMIN_VERBS) expect(ADMIN_USAGE).toMatch(new RegExp(`\`${verb}\\b`));
});
