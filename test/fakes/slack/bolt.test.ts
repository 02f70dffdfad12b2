// The real bolt app on the stand-in, by socket and by signed requests: what a bot's code will meet.
import { createServer, type Server } from 'node:http';
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ADA,
  BOB,
  type FakeFile,
  type FakeView,
  type Json,
  type Slack,
  type SlackOptions,
  startSlack,
} from './slack.ts';

const FORM = {
  type: 'modal' as const,
  callback_id: 'animate',
  title: { type: 'plain_text' as const, text: 'Animate a picture' },
  submit: { type: 'plain_text' as const, text: 'Animate' },
  private_metadata: 'C1',
  blocks: [
    {
      type: 'input' as const,
      block_id: 'picture',
      label: { type: 'plain_text' as const, text: 'Picture' },
      element: { type: 'file_input' as const, action_id: 'picture', filetypes: ['png', 'jpg'], max_files: 1 },
    },
    {
      type: 'input' as const,
      block_id: 'prompt',
      label: { type: 'plain_text' as const, text: 'How should it move?' },
      element: { type: 'plain_text_input' as const, action_id: 'prompt', max_length: 500 },
    },
  ],
};
const BUTTONS = [
  { type: 'section' as const, text: { type: 'mrkdwn' as const, text: 'Rendering' } },
  {
    type: 'actions' as const,
    block_id: 'steer',
    elements: [
      {
        type: 'button' as const,
        action_id: 'cancel',
        text: { type: 'plain_text' as const, text: 'Cancel' },
        value: 'r1',
      },
    ],
  },
];

let ending: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ending.reverse()) await end();
  ending = [];
});

async function startService(options?: SlackOptions): Promise<Slack> {
  const slack = await startSlack(options);
  ending.push(() => slack.close());
  return slack;
}

async function startBySocket(slack: Slack, addListeners: (app: App) => void): Promise<App> {
  const clientOptions = { slackApiUrl: `${slack.url}/api/` };
  const receiver = new SocketModeReceiver({
    ...{ appToken: slack.appToken, logLevel: LogLevel.ERROR, installerOptions: { clientOptions } },
    // It waits as long before it comes back.
    clientPingTimeout: 500,
  });
  const app = new App({ token: slack.botToken, receiver, logLevel: LogLevel.ERROR, clientOptions });
  addListeners(app);
  await app.start();
  ending.push(() => app.stop());
  return app;
}

async function startByRequests(slack: Slack, addListeners: (app: App) => void, signingSecret = slack.signingSecret) {
  const receiver = new HTTPReceiver({ signingSecret, logLevel: LogLevel.ERROR });
  const app = new App({
    token: slack.botToken,
    receiver,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: `${slack.url}/api/` },
  });
  addListeners(app);
  const server = (await app.start(0)) as Server;
  ending.push(() => app.stop());
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/slack/events`;
  slack.toAddress(url);
  return url;
}

const picture = (slack: Slack): FakeFile => slack.upload(Buffer.from('a picture'), 'cat.png');

describe('bolt in Socket Mode', () => {
  it('opens a form for a command, takes its picture, and answers in a thread with buttons', async () => {
    const slack = await startService();
    let submitted: Json | undefined;
    await startBySocket(slack, (app) => {
      app.command('/animate', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: FORM });
      });
      app.view('animate', async ({ ack, view, body, client }) => {
        await ack();
        submitted = view.state.values as unknown as Json;
        const { ts = '' } = await client.chat.postMessage({
          channel: slack.garden.id,
          text: `<@${body.user.id}> animates`,
        });
        await client.chat.postMessage({
          channel: slack.garden.id,
          thread_ts: ts,
          text: 'Rendering',
          blocks: BUTTONS,
        });
      });
      app.action('cancel', async ({ ack, body, client, respond }) => {
        await ack();
        const { channel, message } = body as { channel?: { id: string }; message?: { ts: string } };
        await client.chat.update({ channel: channel?.id ?? '', ts: message?.ts ?? '', text: 'Cancelled', blocks: [] });
        await respond({ text: 'Only you see this', response_type: 'ephemeral', replace_original: false });
      });
    });

    const command = slack.command('/animate', 'she smiles');
    const view = await slack.viewOf(command);
    expect(command.acknowledgedAfter).toBeLessThan(3000);
    const sent = await slack.submit(view, { prompt: 'she smiles', picture: { files: [picture(slack)] } });
    expect(sent.acknowledgedAfter).toBeLessThan(3000);
    expect(view.isOpen).toBe(false);

    const status = await slack.until(() => [...slack.world.messages.values()].find(({ text }) => text === 'Rendering'));
    expect(submitted).toMatchObject({
      prompt: { prompt: { value: 'she smiles' } },
      picture: { picture: { files: [{ name: 'cat.png' }] } },
    });
    expect(slack.messagesIn(slack.garden.id, status.thread)).toEqual([status]);

    slack.press(status, 'Cancel');
    expect(await slack.told(ADA)).toBe('Only you see this');
    expect(slack.world.message(status.channel, status.ts)).toMatchObject({ text: 'Cancelled', blocks: [] });
    expect(slack.faults).toEqual([]);
  });

  it('keeps the form open when the bot finds errors in it', async () => {
    const slack = await startService();
    await startBySocket(slack, (app) => {
      app.shortcut('animate_something', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: FORM });
      });
      app.view('animate', ({ ack }) =>
        ack({ response_action: 'errors', errors: { prompt: 'Say how it should move.' } }),
      );
    });

    const view: FakeView = await slack.viewOf(slack.globalShortcut('animate_something', { member: BOB }));
    expect(view.member).toBe(BOB.id);
    const sent = await slack.submit(view, { prompt: 'no', picture: { files: [picture(slack)] } });
    expect(sent).toMatchObject({ response_action: 'errors', errors: { prompt: 'Say how it should move.' } });
    expect(view.isOpen).toBe(true);
    await expect(slack.submit(view, { prompt: '' })).rejects.toThrow('How should it move?');
  });

  it('is told of mentions and direct messages with their files, and may download these', async () => {
    const slack = await startService();
    const heard: { type: string; bytes: string }[] = [];
    await startBySocket(slack, (app) => {
      const hear = async (event: { type: string; files?: { url_private_download?: string }[] }) => {
        const response = await fetch(event.files?.[0]?.url_private_download ?? '', {
          headers: { authorization: `Bearer ${slack.botToken}` },
        });
        heard.push({ type: event.type, bytes: await response.text() });
        slack.world.tell();
      };
      app.event('app_mention', ({ event }) => hear(event as never));
      app.message(({ message }) => hear(message as never));
    });

    slack.mention('make it move', { files: [picture(slack)] });
    slack.direct('make it move', { files: [picture(slack)], member: BOB });
    await slack.until(() => heard.length === 2);
    expect(heard).toContainEqual({ type: 'app_mention', bytes: 'a picture' });
    expect(heard).toContainEqual({ type: 'message', bytes: 'a picture' });
  });

  it('hands a message with its files and its thread to a shortcut from its menu', async () => {
    const slack = await startService();
    const bodies: Json[] = [];
    await startBySocket(slack, (app) => {
      app.shortcut('animate_message', async ({ ack, body }) => {
        await ack();
        bodies.push(body as unknown as Json);
      });
    });
    const parent = slack.post([]);
    const message = slack.post([picture(slack)], { thread: parent.ts, member: BOB });
    const event = slack.shortcut('animate_message', message);
    await slack.until(() => event.acknowledgedAfter !== undefined);
    expect(bodies).toMatchObject([
      {
        channel: { id: slack.garden.id },
        message: { thread_ts: parent.ts, user: BOB.id, files: [{ name: 'cat.png' }] },
      },
    ]);
  });

  it('publishes a home, whose buttons name it, and is not told twice of what it writes itself', async () => {
    const slack = await startService();
    const pressed: Json[] = [];
    const messages: Json[] = [];
    await startBySocket(slack, (app) => {
      app.event('app_home_opened', ({ event, client }) =>
        client.views.publish({ user_id: event.user, view: { type: 'home', blocks: BUTTONS } }).then(() => undefined),
      );
      app.action('cancel', async ({ ack, body, client }) => {
        await ack();
        pressed.push(body as unknown as Json);
        await client.chat.postMessage({ channel: body.user.id, text: 'Done' });
      });
      app.message(async ({ message }) => {
        messages.push(message as unknown as Json);
      });
    });

    slack.openHome(ADA);
    const home = await slack.until(() => slack.world.homes.get(ADA.id));
    slack.press(home, 'Cancel');
    const direct = slack.directChannelOf(ADA);
    await slack.until(() => slack.messagesIn(direct.id)[0]);
    const echo = await slack.until(() => slack.events.find(({ payload }) => (payload.event as Json)?.text === 'Done'));
    await slack.until(() => echo.acknowledgedAfter !== undefined);
    expect(pressed).toMatchObject([{ container: { type: 'view' }, view: { type: 'home' } }]);
    expect(messages).toEqual([]);
  });

  it('is told again after the connection broke, with the same event id, and again when asked to come back', async () => {
    const slack = await startService();
    const heard: { id: string; retry: number | undefined }[] = [];
    let isDeaf = true;
    const app = await startBySocket(slack, (of) => {
      of.use(async ({ next }) => {
        // The first time, the bot dies before its answer is on the way.
        if (isDeaf) {
          isDeaf = false;
          slack.socket.drop();
          await slack.until(() => slack.socket.connections === 0);
        }
        await next();
      });
      of.event('app_mention', async ({ body, context }) => {
        heard.push({ id: body.event_id, retry: context.retryNum });
        slack.world.tell();
      });
    });
    expect(app).toBeDefined();

    const event = slack.mention('hello');
    await slack.until(() => event.acknowledgedAfter !== undefined);
    expect(event.deliveries).toBe(2);
    expect(new Set(heard.map(({ id }) => id))).toEqual(new Set([event.id]));
    expect(heard.at(-1)).toMatchObject({ retry: 1 });

    const hellos = slack.socket.hellos;
    slack.socket.disconnect('refresh_requested');
    await slack.until(() => slack.socket.hellos > hellos);
    slack.redeliver(event);
    await slack.until(() => heard.at(-1)?.retry === 2);
  });

  it('sees its upload in the thread only after Slack has shared it', async () => {
    const slack = await startService();
    const app = await startBySocket(slack, () => undefined);
    const { ts = '' } = await app.client.chat.postMessage({ channel: slack.garden.id, text: 'A clip' });
    slack.holdShares();
    const { files } = await app.client.filesUploadV2({
      ...{ channel_id: slack.garden.id, thread_ts: ts, filename: 'clip.mp4', file: Buffer.from('a clip') },
      initial_comment: 'Seed 7',
    });
    const id = files[0]?.files?.[0]?.id ?? '';
    const before = await app.client.files.info({ file: id });
    expect(before.file?.shares).toEqual({});
    expect(slack.messagesIn(slack.garden.id, ts)).toEqual([]);

    slack.releaseShares();
    const clip = await slack.clipOf(ts);
    expect(clip).toMatchObject({ text: 'Seed 7', subtype: 'file_share', user: slack.botUserId });
    const after = await app.client.files.info({ file: id });
    expect(after.file?.shares?.public?.[slack.garden.id]).toMatchObject([{ ts: clip.ts, thread_ts: ts }]);
    expect(after.file?.mimetype).toBe('video/mp4');
  });

  it('meets the troubles that a test asks for, and goes on after them', async () => {
    const slack = await startService();
    const app = await startBySocket(slack, () => undefined);
    const busy = slack.trouble({ method: 'chat.postMessage', status: 429, retryAfter: 1, times: 1 });
    await app.client.chat.postMessage({ channel: slack.garden.id, text: 'At last' });
    expect(busy.times).toBe(0);

    const refused = slack.trouble({ method: 'chat.update', error: 'edit_window_closed', times: 1 });
    await expect(app.client.chat.update({ channel: slack.garden.id, ts: '1.000001', text: 'x' })).rejects.toThrow(
      'edit_window_closed',
    );
    expect(refused.times).toBe(0);

    slack.trouble({ method: 'chat.postMessage', status: 500, times: 1, isDone: true });
    await app.client.chat.postMessage({ channel: slack.garden.id, text: 'Twice' });
    expect(slack.messagesIn(slack.garden.id).filter(({ text }) => text === 'Twice')).toHaveLength(2);
  });
});

describe('bolt by signed requests', () => {
  it('answers a challenge, a command, a press and a form that carry the right signature', async () => {
    const slack = await startService();
    const url = await startByRequests(slack, (app) => {
      app.command('/animate', async ({ ack, client, body }) => {
        await ack({ text: 'Wait a moment', response_type: 'ephemeral' });
        await client.views.open({ trigger_id: body.trigger_id, view: FORM });
      });
      app.view('animate', ({ ack }) => ack({ response_action: 'clear' }));
    });
    expect(await slack.challenge(url)).toContain('a-challenge');

    const command = slack.command('/animate');
    expect(await slack.told(ADA)).toBe('Wait a moment');
    const view = await slack.viewOf(command);
    const sent = await slack.submit(view, { prompt: 'she smiles', picture: { files: [picture(slack)] } });
    expect(sent.response_action).toBe('clear');
    expect(slack.faults).toEqual([]);
  });

  it('is refused by a bot with another secret, and tells the event again until it gives up', async () => {
    const slack = await startService({ retryAfterMs: [0, 10, 20] });
    await startByRequests(slack, () => undefined, 'another-secret');
    const event = slack.mention('hello');
    await slack.until(() => event.deliveries === 4);
    expect(event.acknowledgedAfter).toBeUndefined();
  });

  it('numbers its retries and says why', async () => {
    const slack = await startService({ retryAfterMs: [0] });
    const retries: (string | undefined)[][] = [];
    const server = createServer((request, response) => {
      const { 'x-slack-retry-num': number, 'x-slack-retry-reason': reason } = request.headers;
      retries.push([number as string | undefined, reason as string | undefined]);
      response.statusCode = retries.length === 1 ? 500 : 200;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ending.push(() => server.close());
    slack.toAddress(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);

    const event = slack.mention('hello');
    await slack.until(() => event.acknowledgedAfter !== undefined);
    expect(retries).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
    ]);
  });
});
