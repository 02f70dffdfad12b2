// The rehearsal on the stand-in, which keeps Slack's rules, and with each rule taken away in turn.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RehearsalResult } from '../../../src/bots/rehearsal.ts';
import { ASSUMPTIONS } from '../../../src/bots/slack/rehearsal/assumptions.ts';
import { rehearseOnSlack, type SlackRehearsal } from '../../../src/bots/slack/rehearsal/rehearse.ts';
import { STRAIGHT } from '../../../src/outgoing.ts';
import { ADA, type Rule, type Slack, startSlack } from '../../fakes/slack/slack.ts';

let slack: Slack;

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

const play = (given: Partial<SlackRehearsal> = {}) =>
  rehearseOnSlack({
    ...{ botToken: slack.botToken, appToken: undefined, signingSecret: undefined, outgoing: STRAIGHT },
    ...{ apiUrl: `${slack.url}/api/`, channel: slack.garden.id, member: ADA.id },
    signal: new AbortController().signal,
    tell: () => undefined,
    pause: async () => undefined,
    ...given,
  });

const idsThat = ({ tried }: RehearsalResult, verdict: string): string[] =>
  tried.filter(({ outcome }) => outcome.verdict === verdict).map(({ id }) => id);

const outcomeOf = ({ tried }: RehearsalResult, of: string) => tried.find(({ id }) => id === of)?.outcome;

const ALL = ASSUMPTIONS.map(({ id }) => id);

const expectNothingLeft = (): void => {
  expect([...slack.world.messages.values()]).toEqual([]);
  expect([...slack.world.files.values()].filter(({ state }) => state !== 'deleted')).toEqual([]);
};

test('where every rule holds it says so, and leaves nothing', async () => {
  const told: string[] = [];
  const result = await play({ tell: ({ id }) => void told.push(id) });
  expect(told).toEqual(ALL);
  expect(idsThat(result, 'does not hold')).toEqual([]);
  expect(idsThat(result, 'could not be seen')).toEqual(['private-new']);
  expect(outcomeOf(result, 'upload')).toMatchObject({ note: expect.stringMatching(/^after \d+\.\d s$/) });
  expect(result.left).toEqual([]);
  expectNothingLeft();
  expect(slack.ephemerals.map(({ to }) => to)).toEqual([ADA.id, ADA.id]);
  expect(slack.faults).toEqual([]);
});

test('without a member nobody is told anything, and the private answers could not be seen', async () => {
  const result = await play({ member: undefined });
  expect(idsThat(result, 'could not be seen')).toEqual(['private', 'private-new']);
  expect(slack.ephemerals).toEqual([]);
});

test.each<[Rule, string[]]>([
  ['client-msg-ids', ['once']],
  ['threads', ['status']],
  ['blocks', ['status']],
  ['edited-words', ['edit']],
  ['share-threads', ['upload-thread']],
  ['descriptions', ['description']],
  ['deletions', ['deletion']],
  ['file-deletions', ['file-deletion']],
])('without the rule of %s, %j do not hold, and all else does', async (rule, broken) => {
  slack.world.broken.add(rule);
  const result = await play();
  expect(idsThat(result, 'does not hold')).toEqual(broken);
  expect(idsThat(result, 'could not be seen')).toEqual(['private-new']);
});

test('a share that does not come is told, and the file goes all the same', async () => {
  slack.holdShares();
  const result = await play({ sharedWithinMs: 0 });
  expect(outcomeOf(result, 'upload')).toMatchObject({
    verdict: 'does not hold',
    because: 'Slack took the file, and was not seen to share it',
  });
  expect(idsThat(result, 'could not be seen')).toEqual(
    expect.arrayContaining(['upload-thread', 'description', 'file-deletion']),
  );
  expectNothingLeft();
});

test.each<[string, Parameters<Slack['trouble']>[0], string]>([
  ['message', { method: 'chat.postMessage', error: 'not_in_channel', times: 1 }, 'Slack refused it: not_in_channel'],
  ['pace', { method: 'chat.update', status: 429, retryAfter: 2, after: 4, times: 1 }, 'it refused edit 4, for 2 s'],
  [
    'private',
    { method: 'chat.postEphemeral', error: 'user_not_in_channel', times: 1 },
    'Slack refused it: user_not_in_channel',
  ],
  [
    'private-new',
    { method: 'chat.postEphemeral', error: 'fatal_error', after: 1, times: 1 },
    'Slack refused it: fatal_error',
  ],
])('a refusal is what does not hold of %s', async (id, trouble, because) => {
  slack.trouble(trouble);
  const result = await play();
  expect(outcomeOf(result, id)).toEqual({ verdict: 'does not hold', because });
  expectNothingLeft();
});

test('a scope that is missing is named', async () => {
  const [team] = slack.world.teams.values();
  Object.assign(team as object, { scopes: team?.scopes.filter((scope) => scope !== 'files:write') });
  expect(outcomeOf(await play(), 'upload')).toEqual({
    verdict: 'does not hold',
    because: 'Slack refused it: missing_scope, which needs files:write',
  });
});

test('stopped half way, it tries nothing more and removes what it made', async () => {
  const stopping = new AbortController();
  const tell: SlackRehearsal['tell'] = ({ id }) => void (id === 'upload' && stopping.abort());
  const result = await play({ signal: stopping.signal, tell });
  const stoppedAt = ALL.indexOf('upload') + 1;
  expect(idsThat(result, 'holds')).toEqual(ALL.slice(0, stoppedAt));
  expect(idsThat(result, 'could not be seen')).toEqual(ALL.slice(stoppedAt));
  expectNothingLeft();
});

test('what cannot be removed is named', async () => {
  slack.trouble({ method: 'chat.delete', error: 'compliance_exports_prevent_deletion', times: 1000 });
  const { left } = await play();
  expect(left).toContain('the message in the channel: Slack refused it: compliance_exports_prevent_deletion');
});

test('a token that Slack refuses ends it in words', async () => {
  await expect(play({ botToken: 'xoxb-wrong-token' })).rejects.toMatchObject({
    message: expect.stringMatching(/^SLACK_BOT_TOKEN: Slack answers invalid_auth\. Take it from/),
  });
});
