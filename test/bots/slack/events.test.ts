// Which events are commands: a mention, or a message to the bot alone, once, and never the bot's own.
import { expect, test } from 'vitest';
import { isPicture, readMessageEvent } from '../../../src/bots/slack/events.ts';

const PNG = { id: 'F1', mimetype: 'image/png', filetype: 'png' };

function mention(changes: Record<string, unknown> = {}, body: Record<string, unknown> = {}) {
  return readMessageEvent({
    ...{ type: 'event_callback', team_id: 'T1', event_id: 'Ev1', ...body },
    event: { type: 'app_mention', channel: 'C1', user: 'U1', text: '<@U0BOT> she smiles', ts: '1.000001', ...changes },
  });
}

test('a mention is read with its words, its picture and its thread', () => {
  expect(mention({ files: [PNG] })).toEqual({
    origin: { event: 'T1-C1-1-000001', team: 'T1', channel: 'C1', user: 'U1', thread: '1.000001' },
    ...{ text: 'she smiles', file: 'F1', isShared: false },
  });
  expect(mention({ thread_ts: '0.5' })?.origin.thread).toBe('0.5');
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
  expect(text).toBe('1 < 2 & example.com a@b.c https://b.example');
  // Escaped twice is still escaped once.
  expect(mention({ text: '&amp;lt;!channel&amp;gt;' })?.text).toBe('&lt;!channel&gt;');
});

test('the first picture of several files is taken, by its type or by its ending, or to be asked for', () => {
  expect(mention({ files: [{ id: 'F0', mimetype: 'text/plain' }, PNG, { ...PNG, id: 'F2' }] })?.file).toBe('F1');
  expect(isPicture({ filetype: 'heic' })).toBe(true);
  expect(isPicture({ file_access: 'check_file_info' })).toBe(true);
  expect(isPicture({ mimetype: 'video/mp4', filetype: 'mp4' })).toBe(false);
  expect(isPicture({})).toBe(false);
});
