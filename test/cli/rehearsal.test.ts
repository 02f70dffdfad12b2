// `setup --try` as an operator runs it: what it prints, what it writes, and how it ends.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Discord, startDiscord } from '../fakes/discord/discord.ts';
import { main, run } from '../fakes/roles.ts';
import { ADA, type Slack, startSlack } from '../fakes/slack/slack.ts';

let folder: string;
let discord: Discord;
let slack: Slack;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-rehearsal-'));
  discord = await startDiscord();
  slack = await startSlack();
});
afterEach(async () => {
  await discord.close();
  await slack.close();
  await rm(folder, { recursive: true, force: true });
});

const play = (words: string[], env: Record<string, string> = {}, stopAfter?: string) => {
  let isStopped = false;
  return run(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...discord.environment, ...slack.environment, ...env },
    onOutput(child, text) {
      if (isStopped || stopAfter === undefined || !text.includes(stopAfter)) return;
      isStopped = true;
      child.kill('SIGINT');
    },
  });
};

async function report(): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.startsWith('animate-bot-'));
  expect(files).toHaveLength(1);
  return readFile(join(folder, files[0] ?? ''), 'utf8');
}

/** Of whatever could tell whose server it was. */
function expectNothingPrivate(text: string, names: string[]): void {
  const secrets = [discord.token, slack.botToken, slack.appToken];
  const ids = [discord.garden.id, slack.garden.id, slack.teamId, slack.botUserId, ADA.id];
  for (const each of [...secrets, ...ids, ...names]) expect(text).not.toContain(each);
  expect(text).not.toMatch(/\d{15,}|127\.0\.0\.1/);
}

test('on Discord it ends well where everything holds, and its report names nobody', async () => {
  const { code, stdout, stderr } = await play(['discord', 'setup', '--try', discord.garden.id]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^The rehearsal begins\. It pings nobody, and removes in the end what it made\./);
  expect(stdout).toMatch(/^holds {14}once +The same message sent again at once is not a second one\.$/m);
  expect(stdout).toMatch(
    /^could not be seen {2}private +A private answer .* Because: Discord wants a member’s command/m,
  );
  expect(stdout).toMatch(/Left behind: the thread \(archived; .*Missing Permissions \(50013\)\./);
  const text = await report();
  expect(text).toMatch(
    /^# Rehearsal on Discord\n\nanimate-bot \S+, Node \S+, .*, reached straight\. Nobody was pinged\.\n/,
  );
  expect(text).toContain('- **holds** `once` The same message sent again at once is not a second one.');
  expect(text).toContain('(posts the first message again with its nonce, and compares the ids)');
  expectNothingPrivate(text, ['The garden', '#garden']);
  expect([...discord.world.messages.values()].flatMap(({ pinged }) => pinged)).toEqual([]);
});

test('on Slack it ends with 1 where something does not hold, and says what', async () => {
  slack.world.broken.add('client-msg-ids');
  const { code, stdout, stderr } = await play(['slack', 'setup', '--try', slack.garden.id, '--member', ADA.id]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout).toMatch(/^does not hold {6}once +The same message .* Because: there are two messages now\.$/m);
  const text = await report();
  expect(text).toContain('- **does not hold** `once`');
  expect(text).toContain('All that it made was removed.');
  expectNothingPrivate(text, ['The garden', '#garden', 'Ada']);
  expect([...slack.world.messages.values()]).toEqual([]);
});

test.each([
  ['discord', () => discord.garden.id, () => [...discord.world.messages.values()]],
  ['slack', () => slack.garden.id, () => [...slack.world.messages.values()]],
] as const)(
  'Ctrl-C on %s removes what was made, and writes the report of what was tried',
  async (service, channel, messages) => {
    const { code, stderr } = await play([service, 'setup', '--try', channel()], {}, 'An edit changes the words');
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'Stopped.\n' });
    expect(messages()).toEqual([]);
    const text = await report();
    expect(text).toContain('- **holds** `edit`');
    expect(text).toMatch(/\*\*could not be seen\*\* `deletion` .* Because: the rehearsal was stopped before it\./);
  },
);

test.each(['discord', 'slack'])('a network fault on %s is a sentence, and there is no report', async (service) => {
  const nowhere = 'http://no-such-host.invalid/api/';
  const env = { DISCORD_API_URL: nowhere, SLACK_API_URL: nowhere };
  const { code, stderr } = await play([service, 'setup', '--try', 'C123'], env);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^(Discord|Slack) \(no-such-host\.invalid\) cannot be reached straight: its name is not known here\./,
  );
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});
