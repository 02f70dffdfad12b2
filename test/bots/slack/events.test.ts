// Which events are commands: a mention, or a message to the bot alone, once, and never the bot's own.
import { expect, test } from 'vitest';
import { isPicture, readMessageEvent, readPictures } from '../../../src/bots/slack/events.ts';

const PNG = { id: 'F1', mimetype: 'image/png', filetype: 'png' };

function mention(changes: Record<string, unknown> = {}, body: Record<string, unknown> = {}) {
  return readMessageEvent({
    ...{ type: 'event_callback', team_id: 'T1', event_id: 'Ev1', ...body },
    event: { type: 'app_mention', channel: 'C1', user: 'U1', text: '<@U0BOT> she smiles', ts: '1.000001', ...changes },
  });
}

test('a mention is read with its words, its picture and its thread', () => {
  expect(mention({ files: [PNG] })).toEqual({
    origin: {
      ...{ event: 'T1-C1-1-000001', team: 'T1', channel: 'C1', user: 'U1', thread: '1.000001' },
      isThreadThere: false,
    },
    ...{ text: '<@U0BOT> she smiles', mentioned: ['U0BOT'], pictures: [{ file: 'F1', isOwn: true }], isShared: false },
  });
  expect(mention({ thread_ts: '0.5' })?.origin).toMatchObject({ thread: '0.5', isThreadThere: true });
  expect(mention({}, { is_ext_shared_channel: true })?.isShared).toBe(true);
});

test('one message that Slack tells of by two events is one', () => {
  const direct = { type: 'message', channel_type: 'im' };
  expect(mention({ ...direct, subtype: 'file_share' })?.origin.event).toBe(mention()?.origin.event);
});

test.each([
  ['an edit', { type: 'message', channel_type: 'im', subtype: 'message_changed', message: {} }],
  ['a removal', { type: 'message', channel_type: 'im', subtype: 'message_deleted' }],
  ['the bot’s own words', { type: 'message', channel_type: 'im', bot_id: 'B1' }],
  ['another bot’s mention', { bot_id: 'B2' }],
  ['a message of nobody', { user: undefined }],
  ['a message in a channel that does not mention the bot', { type: 'message', channel_type: 'channel' }],
  ['somebody who joined', { type: 'message', channel_type: 'im', subtype: 'channel_join' }],
  ['another kind of event', { type: 'reaction_added' }],
  ['an event without a channel', { channel: undefined }],
])('%s is not for the bot', (_what, changes) => {
  expect(mention(changes)).toBeUndefined();
});

test.each([[undefined], [null], [{}], [{ team_id: 'T1' }], [{ team_id: 1, event: [] }], ['text']])(
  '%j is not read',
  (body) => {
    expect(readMessageEvent(body)).toBeUndefined();
  },
);

test('what Slack escaped or made a link of is read as it was typed', () => {
  const { text } = mention({
    text: '<@U0BOT|animate> 1 &lt; 2 &amp; <https://example.com/a?b=1&amp;c|example.com> <mailto:a@b.c|a@b.c> <https://b.example>',
  }) ?? { text: '' };
  expect(text).toBe('<@U0BOT> 1 < 2 & example.com a@b.c https://b.example');
  // Escaped twice is still escaped once.
  expect(mention({ text: '&amp;lt;!channel&amp;gt;' })?.text).toBe('&lt;!channel&gt;');
});

test('what may be a still picture comes first, by its type or by its ending, or to be asked for', () => {
  const gif = { id: 'F3', mimetype: 'image/gif', filetype: 'gif' };
  const files = [{ id: 'F0', mimetype: 'text/plain' }, gif, PNG, { ...PNG, id: 'F2' }];
  expect(mention({ files })?.pictures.map(({ file }) => file)).toEqual(['F1', 'F2', 'F3']);
  expect(isPicture({ filetype: 'heic' })).toBe(true);
  expect(isPicture({ file_access: 'check_file_info' })).toBe(true);
  expect(isPicture({ mimetype: 'video/mp4', filetype: 'mp4' })).toBe(false);
  expect(isPicture({})).toBe(false);
});

test('a mention that is also sent to the channel, and a slip in italics to the bot, are heard', () => {
  expect(
    mention({ subtype: 'thread_broadcast', thread_ts: '0.5', files: [PNG] })?.pictures.map(({ file }) => file),
  ).toEqual(['F1']);
  const direct = { type: 'message', channel_type: 'im' };
  for (const subtype of ['thread_broadcast', 'me_message']) expect(mention({ ...direct, subtype })).toBeDefined();
});

test('an edit is the same message asked for again', () => {
  const edited = mention({ edited: { user: 'U1', ts: '2.000001' } })?.origin;
  expect(edited).toMatchObject({ event: mention()?.origin.event, edit: '2-000001' });
});

test('the workspace is the one that has installed the app, also for a member from elsewhere', () => {
  const authorizations = [{ enterprise_id: null, team_id: 'T_OURS', user_id: 'UBOT', is_bot: true }];
  expect(mention({}, { team_id: 'T_CONNECTED', authorizations })?.origin.team).toBe('T_OURS');
  const organisation = [{ enterprise_id: 'E1', team_id: null, is_enterprise_install: true }];
  expect(mention({}, { team_id: '', context_team_id: 'T2', authorizations: organisation })?.origin.team).toBe('T2');
});

test('a picture of a forwarded message is found', () => {
  const attachments = [{ is_share: true, text: 'look', files: [PNG] }];
  // Whoever forwards it has not named it.
  expect(mention({ attachments })?.pictures).toEqual([{ file: 'F1', isOwn: false }]);
});

test('a picture that a message shows as a block is found, once, and nothing of an address elsewhere', () => {
  const image = { type: 'image', slack_file: { id: 'F5' }, alt_text: 'a cat' };
  const elsewhere = { type: 'image', image_url: 'https://evil.example/a.png', alt_text: 'a cat' };
  const beside = { type: 'section', accessory: { ...image, slack_file: { id: 'F6' } } };
  const blocks = [null, 'text', { type: 'rich_text' }, elsewhere, image, beside];
  expect(readPictures({ blocks }).map(({ id, name }) => [id, name])).toEqual([
    ['F5', 'a cat'],
    ['F6', 'a cat'],
  ]);
  const attachments = [{ blocks: [image] }, { files: [PNG] }];
  expect(readPictures({ files: [PNG], attachments }).map(({ id }) => id)).toEqual(['F1', 'F5']);
});

test.each([['bot_id'], ['thread_ts'], ['subtype'], ['text'], ['files'], ['edited'], ['attachments'], ['channel_type']])(
  'a %s that is null takes nothing else away',
  (name) => {
    expect(mention({ files: [PNG], [name]: null })?.origin.event).toBe('T1-C1-1-000001');
  },
);

test('a file that is not as it should be takes no other away', () => {
  const broken = [null, 'F9', { id: 7 }, { id: 'F8', mimetype: null, filetype: null }, { ...PNG, mimetype: 5 }];
  expect(mention({ files: [...broken, { ...PNG, name: null }] })?.pictures.map(({ file }) => file)).toEqual(['F1']);
});

test('what is meant for the bot and cannot be read is told by its names, and nothing that it says', () => {
  const told: unknown[] = [];
  const event = { type: 'app_mention', channel: { id: 'C1' }, text: 'a secret', ts: 5, user: 'U1' };
  expect(readMessageEvent({ team_id: 'T1', event }, (shape) => told.push(shape))).toBeUndefined();
  readMessageEvent(null, (shape) => told.push(shape));
  expect(told).toEqual([
    { faults: ['event.channel: invalid_type', 'event.ts: invalid_type'].map((fault) => fault.replace('event.', '')) },
    { faults: ['all of it: invalid_type'] },
  ]);
});
