// What Slack tells of a message, with anything in its fields: no command is lost, and nothing is thrown.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordsOf } from '../../../src/bots/languages/languages.ts';
import type { EventBody } from '../../../src/bots/slack/client.ts';
import type { Entrance } from '../../../src/bots/slack/entrances/entrance.ts';
import { takeMessage } from '../../../src/bots/slack/entrances/mentions.ts';
import type { Item } from '../../../src/bots/slack/item.ts';

async function take(body: unknown) {
  const [kept, said, warned]: [Item[], string[], unknown[]] = [[], [], []];
  const tell = async (_origin: unknown, { text }: { text: string }) => void said.push(text);
  const entrance = {
    ...{ isShared: true, telling: { openly: tell, alone: tell }, wordsFor: async () => wordsOf('en') },
    ...{ put: async (item: Item) => void kept.push(item), helpFor: async () => 'help' },
    notes: { isHere: true, get: async () => undefined, put: async () => undefined },
    log: { warn: (names: unknown) => void warned.push(names) },
    logUnexpected: (error: unknown) => void warned.push(error),
    goOn: (_what: string, act: () => Promise<void>) => void act(),
  };
  await takeMessage(entrance as unknown as Entrance, body as EventBody, 0);
  return { kept, said, warned };
}

const PNG = { id: 'F1', name: 'a.png', mimetype: 'image/png', filetype: 'png' };
const EVENT = { type: 'app_mention', channel: 'C1', user: 'U1', ts: '1700000000.000001', text: '<@U0BOT> she smiles' };
const ENVELOPE = { type: 'event_callback', team_id: 'T1', event_id: 'Ev1' };
const junk = fc.oneof(fc.constant(null), fc.jsonValue({ maxDepth: 3 }));
const nothing = fc.constantFrom(null, undefined);

/** Fields that Slack sends and that the bot goes without, null or left out; and others that nobody knows, with anything in them. */
const withoutMuch = fc.record(
  Object.fromEntries(
    ['subtype', 'bot_id', 'thread_ts', 'edited', 'channel_type', 'attachments', 'blocks'].map((name) => [
      name,
      nothing,
    ]),
  ),
  { requiredKeys: [] },
);
const unknown = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,10}$/), junk, { maxKeys: 5 });
const brokenFiles = fc.array(
  fc.oneof(
    junk,
    fc.record({ id: junk, name: junk, mimetype: junk, filetype: junk }),
    fc.record({ id: fc.constant('F9') }),
  ),
  { maxLength: 4 },
);

test('a mention with a picture is a command, whatever is null, new or broken beside it', async () => {
  const envelope = fc.record(
    { authorizations: nothing, context_team_id: nothing, is_ext_shared_channel: nothing, enterprise_id: junk },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      withoutMuch,
      unknown,
      brokenFiles,
      envelope,
      unknown,
      async (less, more, files, around, beyond) => {
        const event = { ...EVENT, ...less, ...more, files: [...files, PNG] };
        const { kept, said, warned } = await take({ ...ENVELOPE, ...around, ...beyond, event });
        expect(kept).toHaveLength(1);
        expect(kept[0]).toMatchObject({ kind: 'animate', origin: { team: 'T1', channel: 'C1', user: 'U1' } });
        expect([said, warned]).toEqual([[], []]);
      },
    ),
  );
});

test('anything in the fields that the bot goes without, of a message or its pictures, takes no command away', async () => {
  const fields = ['files', 'attachments', 'blocks', 'edited', 'thread_ts', 'channel_type', 'text'];
  const broken = fc.record(Object.fromEntries(fields.map((name) => [name, junk])), { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(broken, async (changes) => {
      const { kept, said, warned } = await take({ ...ENVELOPE, event: { ...EVENT, files: [PNG], ...changes } });
      // Without a readable picture its member is told how it is done.
      expect(kept.length + said.length).toBe(1);
      if (!('files' in changes)) expect(kept).toHaveLength(1);
      expect(warned).toEqual([]);
    }),
  );
});

test('anything at all in the place of an event throws nothing', async () => {
  const names = ['type', 'channel', 'user', 'ts', 'subtype', 'bot_id', ...['files', 'text', 'channel_type']];
  const event = fc.record(Object.fromEntries(names.map((name) => [name, junk])), { requiredKeys: [] });
  const body = fc.oneof(junk, fc.record({ team_id: junk, authorizations: junk, event: fc.oneof(event, junk) }));
  await fc.assert(fc.asyncProperty(body, async (given) => void (await take(given))));
});
