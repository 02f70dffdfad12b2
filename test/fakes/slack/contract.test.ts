// What a bot relies on in Slack's Web API, asked of our stand-in and of a server that we did not write: npm's `emulate`.
// Where the two differ, Slack's documentation decides, and a comment says how.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { webApi } from '@slack/bolt';
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADA, DEFAULT_SCOPES, startSlack } from './slack.ts';

interface Peer {
  url: string;
  token: string;
  /** Of the same bot, which may only post. */
  weakToken: string;
  botUserId: string;
  member: string;
  channel: string;
  newTrigger(): Promise<string>;
  close(): Promise<unknown>;
}

const SCOPES = [...DEFAULT_SCOPES, 'channels:history', 'im:read', 'users:read', 'team:read', 'reactions:write'];

async function startOurs(): Promise<Peer> {
  const slack = await startSlack({ scopes: SCOPES });
  const weak = slack.addTeam();
  Object.assign(weak, { scopes: ['chat:write'] });
  return {
    ...{ url: slack.url, token: slack.botToken, weakToken: weak.botToken, botUserId: slack.botUserId, member: ADA.id },
    channel: slack.garden.id,
    newTrigger: async () => slack.world.newTrigger(ADA.id, slack.teamId),
    async close() {
      // Which sentences below provoke.
      expect(slack.faults).toEqual([
        'chat.postMessage: no_text {}',
        'chat.postMessage: Slack cuts what is longer than 40000 characters',
      ]);
      await slack.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function startTheirs(): Promise<Peer> {
  const bot = { user_id: 'U0BOT', bot_user_id: 'U0BOT', bot_id: 'B0BOT', app_id: 'A0APP' };
  const emulator = await createEmulator({
    service: 'slack',
    port: await freePort(),
    seed: {
      slack: {
        team: { name: 'The garden', domain: 'garden' },
        users: [{ name: 'ada', real_name: 'Ada' }],
        channels: [{ name: 'garden' }],
        strict_scopes: true,
        oauth_apps: [
          {
            ...{ app_id: 'A0APP', client_id: '1.2', client_secret: 'secret', name: 'animate-bot', redirect_uris: [] },
            ...{ scopes: SCOPES, bot_id: 'B0BOT', bot_user_id: 'U0BOT', bot_name: 'animate-bot' },
          },
        ],
        tokens: [
          { token: 'xoxb-strong', type: 'bot', scopes: SCOPES, ...bot },
          { token: 'xoxb-weak', type: 'bot', scopes: ['chat:write'], ...bot },
        ],
      },
    },
  });
  const client = new webApi.WebClient('xoxb-strong', { slackApiUrl: `${emulator.url}/api/` });
  const { channels = [] } = await client.conversations.list();
  const channel = channels.find(({ name }) => name === 'garden')?.id ?? '';
  await client.apiCall('conversations.join', { channel }).catch(() => undefined);
  const { members = [] } = await client.users.list({});
  const member = members.find(({ name }) => name === 'ada')?.id ?? '';
  return {
    ...{ url: emulator.url, token: 'xoxb-strong', weakToken: 'xoxb-weak', botUserId: 'U0BOT', member, channel },
    async newTrigger() {
      const answer = await client.apiCall('views.generateTriggerId', { user_id: member });
      return String((answer as { trigger_id?: string }).trigger_id);
    },
    close: () => emulator.close(),
  };
}

const PLAIN = (text: string) => ({ type: 'plain_text' as const, text });
const MODAL = (title: string) => ({
  type: 'modal' as const,
  callback_id: 'animate',
  private_metadata: 'C1',
  title: PLAIN(title),
  blocks: [{ type: 'section' as const, block_id: 'only', text: PLAIN('Hello') }],
});

describe.each([
  ['our stand-in', startOurs],
  ['emulate', startTheirs],
])("Slack's Web API, by %s", (name, start) => {
  let peer: Peer;
  let client: webApi.WebClient;
  const clientWith = (token: string | undefined): webApi.WebClient => {
    const options: webApi.WebClientOptions = { slackApiUrl: `${peer.url}/api/`, retryConfig: { retries: 0 } };
    return new webApi.WebClient(token, options);
  };
  const errorOf = (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
    promise.then(
      () => ({}),
      (error: { data: Record<string, unknown> }) => error.data,
    );
  const post = async (text: string, thread?: string): Promise<string> => {
    const { ts = '' } = (await client.apiCall('chat.postMessage', {
      ...{ channel: peer.channel, text, ...(thread !== undefined && { thread_ts: thread }) },
    })) as { ts?: string };
    return ts;
  };

  beforeAll(async () => {
    peer = await start();
    client = clientWith(peer.token);
  });
  afterAll(() => peer.close());

  it('tells a bot who it is', async () => {
    const { ok, user_id, bot_id, team_id, url } = await client.auth.test();
    expect({ ok, user_id }).toEqual({ ok: true, user_id: peer.botUserId });
    expect(bot_id).toMatch(/^B/);
    expect(team_id).toMatch(/^T/);
    expect(url).toContain('slack.com');
  });

  it('refuses whom it does not know', async () => {
    expect(await errorOf(clientWith(undefined).auth.test())).toMatchObject({ ok: false, error: 'not_authed' });
    // `emulate` lets anybody in who has some token; Slack does not.
    const { error } = await errorOf(clientWith('xoxb-of-nobody').auth.test());
    if (name !== 'emulate') expect(error).toBe('invalid_auth');
  });

  it('says which scope is missing, and which there are', async () => {
    expect(await errorOf(clientWith(peer.weakToken).files.info({ file: 'F1' }))).toMatchObject({
      ...{ ok: false, error: 'missing_scope', needed: 'files:read', provided: 'chat:write' },
    });
    const upload = clientWith(peer.weakToken).files.getUploadURLExternal({ filename: 'a.mp4', length: 1 });
    expect(await errorOf(upload)).toMatchObject({ error: 'missing_scope', needed: 'files:write' });
    const channel = clientWith(peer.weakToken).conversations.info({ channel: peer.channel });
    expect(await errorOf(channel)).toMatchObject({ error: 'missing_scope', needed: 'channels:read' });
    const person = clientWith(peer.weakToken).users.info({ user: peer.member });
    expect(await errorOf(person)).toMatchObject({ error: 'missing_scope', needed: 'users:read' });
  });

  it('keeps replies under their parent, and neither in the channel', async () => {
    const parent = await post('A render');
    const reply = await post('In the queue', parent);
    const { messages = [] } = await client.conversations.replies({ channel: peer.channel, ts: parent });
    expect(messages.map(({ ts, text, thread_ts: of }) => ({ ts, text, of }))).toEqual([
      { ts: parent, text: 'A render', of: name === 'emulate' ? undefined : parent },
      { ts: reply, text: 'In the queue', of: parent },
    ]);
    const history = await client.conversations.history({ channel: peer.channel });
    expect(history.messages?.map(({ ts }) => ts)).toContain(parent);
    expect(history.messages?.map(({ ts }) => ts)).not.toContain(reply);
  });

  it('keeps metadata for whoever asks for it', async () => {
    const metadata = { event_type: 'render', event_payload: { id: 'r1' } };
    const { ts = '' } = await client.chat.postMessage({ channel: peer.channel, text: 'A render', metadata });
    const { messages = [] } = await client.conversations.replies({
      ...{ channel: peer.channel, ts, include_all_metadata: true },
    });
    expect(messages[0]?.metadata).toEqual(metadata);
  });

  it('does not post without words, or where there is no channel', async () => {
    expect(await errorOf(client.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }))).toMatchObject({
      error: 'channel_not_found',
    });
    const faulty = errorOf(client.apiCall('chat.postMessage', { channel: peer.channel }));
    expect(await faulty).toMatchObject({ error: 'no_text' });
  });

  it('edits a message in place, and no other', async () => {
    const blocks = [{ type: 'section', block_id: 'status', text: PLAIN('Rendering') }];
    const posted = await client.chat.postMessage({ channel: peer.channel, text: 'Rendering', blocks });
    const { ts = '' } = posted;
    const edited = await client.chat.update({ channel: peer.channel, ts, text: 'Done', blocks: [] });
    expect(edited).toMatchObject({ ok: true, ts, channel: peer.channel, text: 'Done' });
    const { messages = [] } = await client.conversations.replies({ channel: peer.channel, ts });
    expect(messages[0]).toMatchObject({ text: 'Done', edited: {} });
    expect(messages[0]?.blocks ?? []).toEqual([]);
    const other = client.chat.update({ channel: peer.channel, ts: '1000000000.000001', text: 'x' });
    expect(await errorOf(other)).toMatchObject({ error: 'message_not_found' });
  });

  it('takes the blocks away when an edit brings words alone', async () => {
    const blocks = [{ type: 'section', block_id: 'status', text: PLAIN('Rendering') }];
    const { ts = '' } = await client.chat.postMessage({ channel: peer.channel, text: 'Rendering', blocks });
    await client.chat.update({ channel: peer.channel, ts, text: 'Done' });
    const { messages = [] } = await client.conversations.replies({ channel: peer.channel, ts });
    expect(messages[0]?.text).toBe('Done');
    expect(messages[0]?.blocks ?? []).toEqual([]);
  });

  it('cuts a post after 40,000 characters', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: peer.channel, text: 'x'.repeat(40_001) });
    const { messages = [] } = await client.conversations.replies({ channel: peer.channel, ts });
    expect(messages[0]?.text).toHaveLength(40_000);
  });

  it('deletes a message once', async () => {
    const ts = await post('Too much');
    expect(await client.chat.delete({ channel: peer.channel, ts })).toMatchObject({ ok: true, ts });
    expect(await errorOf(client.chat.delete({ channel: peer.channel, ts }))).toMatchObject({
      error: 'message_not_found',
    });
  });

  it('shows to one member what nobody else sees', async () => {
    const { message_ts: ts } = await client.chat.postEphemeral({
      channel: peer.channel,
      user: peer.member,
      text: 'Psst',
    });
    expect(ts).toMatch(/^\d+\.\d{6}$/);
    const { messages = [] } = await client.conversations.history({ channel: peer.channel });
    expect(messages.map(({ text }) => text)).not.toContain('Psst');
  });

  it('gives the address of a message', async () => {
    const ts = await post('Here');
    const { permalink } = await client.chat.getPermalink({ channel: peer.channel, message_ts: ts });
    expect(permalink).toContain(`/archives/${peer.channel}/p${ts.replace('.', '')}`);
    const other = client.chat.getPermalink({ channel: peer.channel, message_ts: '1000000000.000001' });
    expect(await errorOf(other)).toMatchObject({ error: 'message_not_found' });
  });

  it('takes a reaction once', async () => {
    const timestamp = await post('Nice');
    const given = { channel: peer.channel, name: 'eyes', timestamp };
    expect(await client.reactions.add(given)).toMatchObject({ ok: true });
    expect(await errorOf(client.reactions.add(given))).toMatchObject({ error: 'already_reacted' });
  });

  it('opens the same direct conversation each time', async () => {
    const first = await client.conversations.open({ users: peer.member });
    const second = await client.conversations.open({ users: peer.member });
    expect(first.channel?.id).toMatch(/^D/);
    expect(second.channel?.id).toBe(first.channel?.id);
    const { channel } = await client.chat.postMessage({ channel: first.channel?.id ?? '', text: 'Your clip' });
    expect(channel).toBe(first.channel?.id);
    expect(await errorOf(client.conversations.open({ users: 'U0NOBODY' }))).toMatchObject({ error: 'user_not_found' });
  });

  it('knows its members and itself', async () => {
    const { user } = await client.users.info({ user: peer.member });
    expect(user).toMatchObject({ id: peer.member, real_name: 'Ada', is_bot: false });
    expect(await errorOf(client.users.info({ user: 'U0NOBODY' }))).toMatchObject({ error: 'user_not_found' });
    expect((await client.team.info()).team).toMatchObject({ name: 'The garden', domain: 'garden' });
  });

  it('takes a clip in three steps, shows it in the thread, and hands it to the token alone', async () => {
    const parent = await post('A render');
    const bytes = Buffer.alloc(1_200_000, 'clip');
    const { files } = await client.filesUploadV2({
      ...{ channel_id: peer.channel, thread_ts: parent, file: bytes, filename: 'clip.mp4', title: 'Cat' },
      initial_comment: 'Seed 7',
    });
    const id = files[0]?.files?.[0]?.id ?? '';
    expect(id).toMatch(/^F/);

    const replies = async () =>
      (await client.conversations.replies({ channel: peer.channel, ts: parent })).messages ?? [];
    await expect.poll(async () => (await replies()).length).toBe(2);
    expect((await replies())[1]).toMatchObject({
      subtype: 'file_share',
      text: 'Seed 7',
      files: [{ id, name: 'clip.mp4' }],
    });

    const { file } = await client.files.info({ file: id });
    expect(file).toMatchObject({ id, name: 'clip.mp4', title: 'Cat', size: bytes.length });
    expect(file?.shares?.public?.[peer.channel]).toMatchObject([{ thread_ts: parent }]);

    const address = file?.url_private_download ?? '';
    const mine = await fetch(address, { headers: { authorization: `Bearer ${peer.token}` } });
    expect(Buffer.from(await mine.arrayBuffer()).equals(bytes)).toBe(true);
    // `emulate` says 401 to others; Slack says 200, with a page on which to sign in.
    for (const headers of [{}, { authorization: 'Bearer xoxb-of-nobody' }]) {
      const theirs = await fetch(address, { headers });
      if (name !== 'emulate')
        expect([theirs.status, theirs.headers.get('content-type')]).toEqual([200, expect.stringContaining('html')]);
      expect(Buffer.from(await theirs.arrayBuffer()).equals(bytes)).toBe(false);
    }
  });

  it('does not complete an upload of which no byte came', async () => {
    const { file_id: id = '' } = await client.files.getUploadURLExternal({ filename: 'clip.mp4', length: 4 });
    const complete = client.files.completeUploadExternal({ files: [{ id }], channel_id: peer.channel });
    expect(await errorOf(complete)).toMatchObject({ error: 'file_not_found' });
  });

  it('deletes a file once', async () => {
    const { files } = await client.filesUploadV2({ file: Buffer.from('clip'), filename: 'clip.mp4' });
    const file = files[0]?.files?.[0]?.id ?? '';
    expect(await client.files.delete({ file })).toMatchObject({ ok: true });
    // `emulate` says file_not_found; Slack documents file_deleted for both methods.
    const { error } = await errorOf(client.files.delete({ file }));
    expect(error).toBe(name === 'emulate' ? 'file_not_found' : 'file_deleted');
    expect(await errorOf(client.files.info({ file: 'F0NOTHING' }))).toMatchObject({ error: 'file_not_found' });
  });

  it('opens a modal for a fresh trigger, once', async () => {
    const bad = client.views.open({ trigger_id: '1.2.abc', view: MODAL('Animate') });
    expect(await errorOf(bad)).toMatchObject({ error: 'invalid_trigger_id' });

    const trigger_id = await peer.newTrigger();
    const { view } = await client.views.open({ trigger_id, view: MODAL('Animate') });
    expect(view).toMatchObject({
      type: 'modal',
      callback_id: 'animate',
      private_metadata: 'C1',
      root_view_id: view?.id,
    });
    expect(view?.hash).toBeTruthy();
    const again = client.views.open({ trigger_id, view: MODAL('Animate') });
    expect(await errorOf(again)).toMatchObject({ error: 'exchanged_trigger_id' });
  });

  it('changes an open modal for whoever knows its newest state', async () => {
    const { view } = await client.views.open({ trigger_id: await peer.newTrigger(), view: MODAL('Animate') });
    const { id: view_id = '', hash = '' } = view ?? {};
    const changed = await client.views.update({ view_id, hash, view: MODAL('Changed') });
    expect(changed.view).toMatchObject({ id: view_id, title: { text: 'Changed' } });
    expect(changed.view?.hash).not.toBe(hash);
    const late = client.views.update({ view_id, hash, view: MODAL('Late') });
    expect(await errorOf(late)).toMatchObject({ error: 'hash_conflict' });
    const other = client.views.update({ view_id: 'V0NOTHING', view: MODAL('Lost') });
    expect(await errorOf(other)).toMatchObject({ error: 'not_found' });
  });

  it('publishes a home, and again', async () => {
    const view = { type: 'home' as const, blocks: MODAL('').blocks };
    const first = await client.views.publish({ user_id: peer.member, view });
    const second = await client.views.publish({ user_id: peer.member, view });
    expect(second.view).toMatchObject({ id: first.view?.id, type: 'home' });
    const stale = client.views.publish({ user_id: peer.member, view, hash: 'old' });
    expect(await errorOf(stale)).toMatchObject({ error: 'hash_conflict' });
  });
});
