// The scopes that the app asks for are those that the bot's requests and what it is told need: none more, none fewer.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BOT_SCOPES, describeApp } from '../../../src/bots/slack/manifest.ts';
import { chatMethods } from '../../fakes/slack/chat.ts';
import { conversationMethods } from '../../fakes/slack/conversations.ts';
import { createFiles } from '../../fakes/slack/files.ts';
import type { Methods, Service } from '../../fakes/slack/method.ts';
import { viewMethods } from '../../fakes/slack/views.ts';
import type { FakeChannel } from '../../fakes/slack/world.ts';
import { methodsUsed } from './source.ts';

/** What each needs, as the tests' service has it: one of these is enough. */
function scopesOf(method: string): string[][] {
  const service = {} as Service;
  const known: Methods = {
    ...{ ...chatMethods(service), ...conversationMethods(service), ...viewMethods(service) },
    ...createFiles(service, 0).methods,
  };
  const found = known[method];
  if (!found) throw new Error(`Expected a method that the tests' service knows, got ${method}`);
  const { scopes = [] } = found;
  if (typeof scopes !== 'function') return scopes.length === 0 ? [] : [scopes];
  return (['public', 'private'] as const).map((kind) => scopes({ kind } as FakeChannel));
}

/** See https://docs.slack.dev/reference/events, and the commands and shortcuts of the app itself. */
const SCOPES_OF_EVENTS: Record<string, string[]> = {
  app_home_opened: [],
  app_mention: ['app_mentions:read'],
  app_uninstalled: [],
  'message.im': ['im:history'],
  tokens_revoked: [],
};

test('each scope is needed by something that the bot does, and nothing that it does lacks one', () => {
  const used = methodsUsed();
  expect(used.length).toBeGreaterThan(12);
  const { bot_events: events } = describeApp('https://bot.example').settings.event_subscriptions;
  const needed = used
    .flatMap(scopesOf)
    .map((enough) => enough.find((scope) => scope in BOT_SCOPES) ?? enough.join(' or '));
  const told = events.flatMap((event) => SCOPES_OF_EVENTS[event] ?? [`an event that is not known here: ${event}`]);
  expect([...new Set([...needed, ...told, 'commands'])].sort()).toEqual(Object.keys(BOT_SCOPES).sort());
});

test('workspaces that take the app out are heard of, over a socket as well as at an address', () => {
  for (const address of [undefined, 'https://bot.example']) {
    const { bot_events: events } = describeApp(address).settings.event_subscriptions;
    expect(events).toEqual(expect.arrayContaining(['app_uninstalled', 'tokens_revoked']));
  }
});

test('every scope is explained in docs/slack.md with the manifest’s own words', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/slack.md', import.meta.url)), 'utf8');
  for (const [scope, reason] of Object.entries(BOT_SCOPES)) expect(page).toContain(`| \`${scope}\` | ${reason} |`);
});
