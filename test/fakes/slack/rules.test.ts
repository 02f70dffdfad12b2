// Slack's rules that bring a bot into trouble: what is too long, too late, too often, or of another workspace.
import { webApi } from '@slack/bolt';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ADA, BOB, DEFAULT_SCOPES, type FakeTeam, type Slack, type SlackOptions, startSlack } from './slack.ts';

// Refusals are what is asked for here.
const quiet: webApi.Logger = {
  ...{ debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, setName() {} },
  getLevel: () => webApi.LogLevel.ERROR,
};

let open: Slack[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const slack of open) await slack.close();
  open = [];
});

async function start(options?: SlackOptions) {
  const slack = await startSlack(options);
  open.push(slack);
  const clientOf = (token: string): webApi.WebClient =>
    new webApi.WebClient(token, {
      slackApiUrl: `${slack.url}/api/`,
      logger: quiet,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });
  const call = async (method: string, given: object, token = slack.botToken): Promise<string> => {
    try {
      await clientOf(token).apiCall(method, { ...given });
      return 'ok';
    } catch (error) {
      return (error as { data?: { error: string } }).data?.error ?? String(error);
    }
  };
  return { slack, client: clientOf(slack.botToken), call, clientOf };
}

const words = (text: string) => ({ type: 'plain_text', text });
const section = (text: string) => ({ type: 'section', text: words(text) });
const button = (more: object) => ({ type: 'button', text: words('Go'), ...more });
const actions = (...elements: object[]) => [{ type: 'actions', elements }];
const input = (element: object, more: object = {}) => ({ type: 'input', label: words('Field'), element, ...more });
const menu = (more: object) => ({
  type: 'static_select',
  options: [{ text: words('720p'), value: '720p' }],
  ...more,
});

describe('blocks', () => {
  it.each([
    ['a section of 3,001 characters', [section('x'.repeat(3001))]],
    ['51 blocks', Array.from({ length: 51 }, () => section('x'))],
    ['a button of 76 characters', actions(button({ text: words('x'.repeat(76)) }))],
    ['a value of 2,001 characters', actions(button({ value: 'x'.repeat(2001) }))],
    ['an action_id of 256 characters', actions(button({ action_id: 'x'.repeat(256) }))],
    ['one action_id twice in a block', actions(button({ action_id: 'a' }), button({ action_id: 'a' }))],
    [
      'one block_id twice',
      [
        { ...section('x'), block_id: 'a' },
        { ...section('y'), block_id: 'a' },
      ],
    ],
    ['26 buttons in a row', actions(...Array.from({ length: 26 }, (_, index) => button({ action_id: `a${index}` })))],
    ['a picture without words for it', [{ type: 'image', image_url: 'https://example.com/a.png' }]],
    ['a key that Slack does not know', [{ ...section('x'), colour: 'red' }]],
    ['a block that Slack does not know', [{ type: 'carousel' }]],
    ['an empty text', [section('')]],
    ['a file input', [input({ type: 'file_input', action_id: 'a' })]],
  ])('with %s are refused in a message', async (_, blocks) => {
    const { slack, call } = await start();
    expect(await call('chat.postMessage', { channel: slack.garden.id, text: 'x', blocks })).toBe('invalid_blocks');
    expect(slack.faults).toHaveLength(1);
  });

  it('may be as long as they may be', async () => {
    const { slack, call } = await start();
    const blocks = [
      section('x'.repeat(3000)),
      ...actions(button({ action_id: 'a', value: 'x'.repeat(2000), text: words('x'.repeat(75)) })),
      { type: 'context', elements: [{ type: 'mrkdwn', text: '_a note_' }] },
      { type: 'section', text: { type: 'mrkdwn', text: 'Choose' }, accessory: menu({ action_id: 'b' }) },
    ];
    expect(await call('chat.postMessage', { channel: slack.garden.id, text: 'x', blocks })).toBe('ok');
    expect(slack.faults).toEqual([]);
  });
});

describe('a view', () => {
  const modal = { type: 'modal', title: words('Animate'), submit: words('Go'), blocks: [section('x')] };

  it.each([
    ['a title of 25 characters', { ...modal, title: words('x'.repeat(25)) }],
    ['private_metadata of 3,001 characters', { ...modal, private_metadata: 'x'.repeat(3001) }],
    [
      'an input and nothing to submit it',
      { ...modal, submit: undefined, blocks: [input({ type: 'plain_text_input' })] },
    ],
    [
      'an initial option that is none',
      {
        ...modal,
        blocks: [input(menu({ initial_option: { text: words('480p'), value: '480p' } }))],
      },
    ],
    [
      'a number where Slack wants a string',
      {
        ...modal,
        blocks: [input({ type: 'number_input', is_decimal_allowed: false, min_value: 1 })],
      },
    ],
    ['a file type with its dot', { ...modal, blocks: [input({ type: 'file_input', filetypes: ['.png'] })] }],
    ['11 files', { ...modal, blocks: [input({ type: 'file_input', max_files: 11 })] }],
    ['the type of a home', { type: 'home', blocks: [] }],
  ])('with %s is refused, and its trigger stays good', async (_, view) => {
    const { slack, call } = await start();
    const trigger_id = slack.world.newTrigger(ADA.id, slack.teamId);
    expect(await call('views.open', { trigger_id, view })).toBe('invalid_arguments');
    expect(await call('views.open', { trigger_id, view: modal })).toBe('ok');
  });

  it('is not opened three seconds after its trigger', async () => {
    const { slack, call } = await start();
    const trigger_id = slack.world.newTrigger(ADA.id, slack.teamId);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3001 });
    expect(await call('views.open', { trigger_id, view: modal })).toBe('expired_trigger_id');
  });

  it('is pushed on one that is open, up to three', async () => {
    const { slack, call, client } = await start();
    const { view } = await client.views.open({
      trigger_id: slack.world.newTrigger(ADA.id, slack.teamId),
      view: modal as never,
    });
    const push = () =>
      call('views.push', { trigger_id: slack.world.newTrigger(ADA.id, slack.teamId, view?.id), view: modal });
    expect([await push(), await push(), await push()]).toEqual(['ok', 'ok', 'push_limit_reached']);
    const elsewhere = slack.world.newTrigger(ADA.id, slack.teamId);
    expect(await call('views.push', { trigger_id: elsewhere, view: modal })).toBe('not_found');
  });

  it('is not there to be changed once it is closed', async () => {
    const { slack, call, client } = await start();
    const trigger_id = slack.world.newTrigger(ADA.id, slack.teamId);
    const { view } = await client.views.open({ trigger_id, view: modal as never });
    const shown = slack.world.views.get(view?.id ?? '');
    await slack.close(shown);
    expect(await call('views.update', { view_id: view?.id, view: modal })).toBe('not_found');
  });
});

describe('a channel', () => {
  it('that is private and without the bot is not there, and a public one takes posts if the scope says so', async () => {
    const { slack, call } = await start({ scopes: [...DEFAULT_SCOPES, 'chat:write.public'] });
    const secret = slack.addChannel({ kind: 'private', hasBot: false });
    const square = slack.addChannel({ kind: 'public', hasBot: false });
    const old = slack.addChannel({ kind: 'public', hasBot: true, isArchived: true });
    expect(await call('chat.postMessage', { channel: secret.id, text: 'x' })).toBe('channel_not_found');
    expect(await call('chat.postMessage', { channel: square.id, text: 'x' })).toBe('ok');
    expect(await call('chat.postEphemeral', { channel: square.id, user: ADA.id, text: 'x' })).toBe('not_in_channel');
    expect(await call('chat.postMessage', { channel: old.id, text: 'x' })).toBe('is_archived');

    const shy = await start({ scopes: ['chat:write'] });
    const other = shy.slack.addChannel({ kind: 'public', hasBot: false });
    expect(await shy.call('chat.postMessage', { channel: other.id, text: 'x' })).toBe('not_in_channel');
  });

  it('keeps members’ messages from the bot’s edits, and long edits from everybody', async () => {
    const { slack, call, client } = await start();
    const { channel, ts } = slack.post([], { member: BOB });
    expect(await call('chat.update', { channel, ts, text: 'x' })).toBe('cant_update_message');
    expect(await call('chat.delete', { channel, ts })).toBe('cant_delete_message');
    const own = await client.chat.postMessage({ channel, text: 'x' });
    expect(await call('chat.update', { channel, ts: own.ts, text: 'x'.repeat(4001) })).toBe('msg_too_long');
  });
});

describe('a thread', () => {
  it('shows nothing to one member alone before it has a reply', async () => {
    const { slack, call } = await start();
    const { channel, ts } = slack.post([]);
    const alone = { channel, user: ADA.id, thread_ts: ts, text: 'Psst' };
    expect(await call('chat.postEphemeral', alone)).toBe('ok');
    expect(slack.ephemerals.map(({ isHidden }) => isHidden)).toEqual([true]);
    slack.post([], { thread: ts });
    expect(await call('chat.postEphemeral', alone)).toBe('ok');
    expect(await call('chat.postEphemeral', { channel, user: ADA.id, text: 'Psst' })).toBe('ok');
    expect(slack.ephemerals.map(({ isHidden }) => isHidden)).toEqual([true, false, false]);
  });

  it('that is locked takes no reply and no file, and an archived channel no edit', async () => {
    const { slack, call, client } = await start();
    const { channel, ts } = slack.post([]);
    const own = await client.chat.postMessage({ channel, text: 'x' });
    slack.garden.lockedThreads.push(ts);
    expect(await call('chat.postMessage', { channel, thread_ts: ts, text: 'x' })).toBe(
      'restricted_action_thread_locked',
    );
    const upload = { file: Buffer.from('clip'), filename: 'clip.mp4', channel_id: channel, thread_ts: ts };
    await expect(client.filesUploadV2(upload as never)).rejects.toThrow('posting_to_channel_denied');
    slack.garden.isArchived = true;
    expect(await call('chat.update', { channel, ts: own.ts, text: 'y' })).toBe('is_inactive');
  });
});

describe('a member', () => {
  it('of another organisation may be one that Slack tells nothing of, and one who left takes no message', async () => {
    const { slack, call } = await start();
    slack.world.members.set('U0CARL', { id: 'U0CARL', name: 'Carl', team: 'T0ELSEWHERE', isHidden: true });
    slack.world.members.set('U0GONE', { id: 'U0GONE', name: 'Gone', isDeactivated: true });
    expect(await call('users.info', { user: 'U0CARL' })).toBe('user_not_visible');
    expect(await call('conversations.open', { users: 'U0GONE' })).toBe('user_disabled');
  });
});

describe('a file', () => {
  it('goes only where the bot is, and to a parent', async () => {
    const { slack, client } = await start();
    const square = slack.addChannel({ kind: 'public', hasBot: false });
    const upload = (place: { channel_id: string; thread_ts?: string }) =>
      client.filesUploadV2({ file: Buffer.from('clip'), filename: 'clip.mp4', ...place } as never);
    await expect(upload({ channel_id: square.id })).rejects.toThrow('not_in_channel');
    const parent = slack.post([]);
    const reply = slack.post([], { thread: parent.ts });
    await expect(upload({ channel_id: parent.channel, thread_ts: reply.ts })).rejects.toThrow('invalid_arguments');
  });

  it('with a text for what is no picture is never shared, and nobody says so', async () => {
    const { slack, client } = await start({ shareDelay: 0 });
    const upload = (more: object) =>
      client.filesUploadV2({ file: Buffer.from('x'), channel_id: slack.garden.id, ...more } as never);
    await upload({ filename: 'clip.mp4', alt_text: 'A cat smiles' });
    await upload({ filename: 'still.png', alt_text: 'A cat' });
    await slack.until(() => slack.messagesIn(slack.garden.id)[0]);
    expect(slack.messagesIn(slack.garden.id).map(({ files }) => files[0]?.name)).toEqual(['still.png']);
  });

  it('of a member is the bot’s to read once it was shared with it or given to it', async () => {
    const { slack, call } = await start();
    const file = slack.upload(Buffer.from('x'));
    expect(await call('files.info', { file: file.id })).toBe('file_not_found');
    slack.post([file], { channel: slack.addChannel({ kind: 'private', hasBot: false }) });
    expect(await call('files.info', { file: file.id })).toBe('file_not_found');
    slack.post([file]);
    expect(await call('files.info', { file: file.id })).toBe('ok');
    expect(await call('files.delete', { file: file.id })).toBe('cant_delete_file');
  });

  it('of another organisation says nothing of itself before it is asked for', async () => {
    const { slack, client } = await start();
    const file = Object.assign(slack.upload(Buffer.from('x')), { isForeign: true });
    const event = slack.mention('look', { files: [file] });
    expect(event.payload.event).toMatchObject({ files: [{ id: file.id, file_access: 'check_file_info' }] });
    expect((await client.files.info({ file: file.id })).file).toMatchObject({ name: 'picture.png' });
  });
});

describe('too many calls', () => {
  it('are answered with 429 and how long to wait, by channel and by method', async () => {
    const { slack, call } = await start({ limits: {} });
    const other = slack.addChannel({ kind: 'public', hasBot: true });
    const post = (channel: string) => call('chat.postMessage', { channel, text: 'x' });
    const garden = [];
    for (let count = 0; count < 4; count += 1) garden.push(await post(slack.garden.id));
    expect(garden).toEqual(['ok', 'ok', 'ok', expect.stringContaining('rate-limit')]);
    expect(await post(other.id)).toBe('ok');
    expect(slack.refusedForRate).toBe(1);

    const { ts } = slack.messagesIn(slack.garden.id)[0] ?? {};
    const edits = [];
    for (let count = 0; count < 51; count += 1)
      edits.push(await call('chat.update', { channel: slack.garden.id, ts, text: 'x' }));
    expect(edits.slice(0, 50).every((edit) => edit === 'ok')).toBe(true);
    expect(edits[50]).toContain('rate-limit');
  });
});

describe('a late answer', () => {
  it('may be given five times in half an hour', async () => {
    const { slack } = await start();
    const answer = async (url: unknown) => {
      const body = JSON.stringify({ text: 'Psst' });
      const response = await fetch(String(url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return response.status;
    };
    const { response_url: url } = slack.command('/animate', '', { member: BOB }).payload;
    const statuses = [];
    for (let count = 0; count < 6; count += 1) statuses.push(await answer(url));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 404]);
    expect(await slack.told(BOB)).toBe('Psst');

    const { response_url: late } = slack.command('/animate').payload;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 60_000 + 1 });
    expect(await answer(late)).toBe(404);
  });
});

describe('another workspace', () => {
  const exchange = (slack: Slack, { code }: Pick<FakeTeam, 'code'>, more: object = {}) => ({
    ...{ client_id: slack.clientId, client_secret: slack.clientSecret, code, ...more },
  });

  it('hands its token out for its code, once, and shows nothing of the first', async () => {
    const { slack, call, clientOf } = await start();
    const team = slack.addTeam('The orchard');
    const { code } = team;
    const anybody = clientOf('');
    const installed = await anybody.oauth.v2.access(exchange(slack, { code }));
    expect(installed).toMatchObject({
      access_token: team.botToken,
      team: { id: team.id },
      bot_user_id: team.botUserId,
    });
    expect(await call('oauth.v2.access', exchange(slack, { code }), '')).toBe('invalid_code');
    expect(await call('oauth.v2.access', exchange(slack, { code }, { client_secret: 'x' }), '')).toBe(
      'bad_client_secret',
    );
    expect(await call('chat.postMessage', { channel: slack.garden.id, text: 'x' }, team.botToken)).toBe(
      'channel_not_found',
    );
    expect(await call('chat.postMessage', { channel: team.garden.id, text: 'x' }, team.botToken)).toBe('ok');
    const command = slack.command('/animate', '', { channel: team.garden });
    expect(command.payload).toMatchObject({ team_id: team.id, channel_id: team.garden.id });
  });

  it('is reached by a page that brings a member back with the code', async () => {
    const { slack } = await start();
    const team = slack.addTeam();
    const query = new URLSearchParams({
      client_id: slack.clientId,
      state: 's',
      redirect_uri: 'http://127.0.0.1:1/back',
    });
    const response = await fetch(`${slack.url}/oauth/v2/authorize?${query}`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe(`http://127.0.0.1:1/back?code=${team.code}&state=s`);
  });
});

describe('a bot', () => {
  it('hears of nothing for which it has no scope', async () => {
    const heardOf = async (scopes: string[]): Promise<boolean[]> => {
      const { slack } = await start({ scopes });
      slack.toAddress(`${slack.url}/of-a-bot`);
      const menu = slack.shortcut('animate_message', slack.post([]));
      const events = [slack.mention('hello'), slack.direct('hello'), slack.command('/animate'), menu];
      return events.map(({ deliveries }) => deliveries > 0);
    };
    expect(await heardOf(['chat:write'])).toEqual([false, false, false, false]);
    expect(await heardOf(['app_mentions:read', 'im:history', 'commands'])).toEqual([true, true, true, true]);
  });

  it('that was taken out of a workspace has no token there any more', async () => {
    const { slack, call } = await start();
    const team = slack.addTeam();
    const told = slack.uninstall(team);
    expect(told.map(({ payload }) => (payload.event as { type: string }).type)).toEqual([
      'tokens_revoked',
      'app_uninstalled',
    ]);
    expect(await call('auth.test', {}, team.botToken)).toBe('account_inactive');
    expect(await call('auth.test', {})).toBe('ok');
  });
});

describe('what is asked wrongly', () => {
  it('is noted: unknown methods, unknown arguments, other types, tokens of another kind', async () => {
    const { slack, call } = await start();
    expect(await call('chat.shout', {})).toBe('unknown_method');
    expect(await call('chat.postMessage', { channel: slack.garden.id, text: 'x', colour: 'red' })).toBe('ok');
    expect(await call('conversations.open', { users: ADA.id, return_im: 'perhaps' })).toBe('invalid_arguments');
    expect(await call('apps.connections.open', {})).toBe('not_allowed_token_type');
    expect(await call('chat.postMessage', { text: 'x' }, slack.appToken)).toBe('not_allowed_token_type');
    expect(slack.faults).toHaveLength(5);
  });
});
