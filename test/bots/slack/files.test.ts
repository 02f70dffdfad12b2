// Where a picture is fetched from: Slack's file host, with a token that nobody else is sent, whatever Slack or a member says.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { webApi } from '@slack/bolt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFiles } from '../../../src/bots/slack/files.ts';
import type { Workspace } from '../../../src/bots/slack/workspaces.ts';
import { type FakeFile, type Slack, startSlack } from '../../fakes/slack/slack.ts';

const log = pino({ level: 'silent' });
let slack: Slack;
const servers: Server[] = [];

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
  await slack.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function workspace(token = slack.botToken): Workspace {
  const client = new webApi.WebClient(token, { slackApiUrl: `${slack.url}/api/`, retryConfig: { retries: 0 } });
  return { team: slack.teamId, token, botUser: slack.botUserId, client, impatient: client };
}

const filesFrom = (filesUrl: string | undefined = slack.url, maxBytes = 1000) =>
  createFiles({ maxBytes, filesUrl, log });

/** A file of a message that the bot sees. */
function shared(changes: Partial<FakeFile> = {}): FakeFile {
  const file = Object.assign(slack.upload(Buffer.from('the bytes')), changes);
  slack.post([file]);
  return file;
}

test('a picture comes with its name', async () => {
  const { bytes, filename } = await filesFrom().fetch(workspace(), shared({ name: 'cat.png' }).id);
  expect([bytes.toString(), filename]).toEqual(['the bytes', 'cat.png']);
});

test.each([
  'http://files.slack.com/files-pri/T1-F1/a.png',
  'https://files.slack.com.evil.example/a.png',
  'https://files.slack.com:8443/a.png',
  'https://user:word@files.slack.com/a.png',
  'https://slack.com.example/a.png',
  'https://evilslack.com/a.png',
  'https://slack.com./a.png',
  'https://evil.example/files.slack.com/a.png',
  'https://127.0.0.1/a.png',
  'https://[::1]/a.png',
  'https://169.254.169.254/latest/meta-data',
  'file:///etc/passwd',
  'data:image/png;base64,AAAA',
  'not an address',
])('%s is not fetched', async (address) => {
  const { id } = shared({ address });
  await expect(createFiles({ maxBytes: 1000, filesUrl: undefined, log }).fetch(workspace(), id)).rejects.toMatchObject({
    code: 'picture_missing',
    message: 'I can only use pictures that were uploaded to Slack.',
  });
});

test('a redirect elsewhere is not followed, and the token is not told there', async () => {
  const told: IncomingHttpHeaders[] = [];
  const elsewhere = await serve(({ headers }, response) => {
    told.push(headers);
    response.end('a secret of the house');
  });
  slack.trouble({ method: 'files.download', redirectTo: `${elsewhere}/admin`, times: 1 });
  await expect(filesFrom().fetch(workspace(), shared().id)).rejects.toMatchObject({ code: 'picture_missing' });
  expect(told).toEqual([]);
});

test('a redirect on the same host is followed, and not for ever', async () => {
  const file = shared();
  slack.trouble({
    method: 'files.download',
    redirectTo: `${slack.url}/files-pri/${slack.teamId}-${file.id}/download/again.png`,
    times: 1,
  });
  expect((await filesFrom().fetch(workspace(), file.id)).bytes.toString()).toBe('the bytes');
  slack.trouble({
    method: 'files.download',
    redirectTo: `${slack.url}/files-pri/${slack.teamId}-${file.id}/download/again.png`,
    times: 10,
  });
  await expect(filesFrom().fetch(workspace(), file.id)).rejects.toMatchObject({ code: 'picture_missing' });
});

test('a page to log in is no picture, though Slack says 200', async () => {
  slack.addTeam();
  const file = shared();
  const stale = { ...workspace(), token: 'xoxb-that-is-void' };
  await expect(filesFrom().fetch(stale, file.id)).rejects.toMatchObject({
    code: 'picture_missing',
    message: "I can't open that picture. Please attach it to your own message.",
  });
});

test('a picture that is too large is refused by what Slack says of it, before a byte is read', async () => {
  const file = shared({ bytes: Buffer.alloc(1001) });
  await expect(filesFrom().fetch(workspace(), file.id)).rejects.toMatchObject({ code: 'picture_too_large' });
  expect(slack.requests.map(({ method }) => method)).not.toContain('files.download');
});

test('no more is read than a picture may have, whatever Slack says of it', async () => {
  let isCut = false;
  const host = await serve((_request, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', more).on('close', () => {
      isCut = true;
    });
    more();
  });
  const file = shared({ address: `${host}/a.png` });
  await expect(filesFrom(host, 2 ** 20).fetch(workspace(), file.id)).rejects.toMatchObject({
    code: 'picture_too_large',
    message: 'That picture is too large; the limit is 1 MB.',
  });
  await expect.poll(() => isCut).toBe(true);
});

test('a file of another organisation is asked for, and one that is not there any more is told', async () => {
  expect((await filesFrom().fetch(workspace(), shared({ isForeign: true }).id)).bytes.toString()).toBe('the bytes');
  for (const id of ['F0NOWHERE', shared({ state: 'deleted' }).id, slack.upload(Buffer.from('not shared')).id]) {
    await expect(filesFrom().fetch(workspace(), id)).rejects.toMatchObject({
      code: 'picture_missing',
      message: 'That picture is no longer available. Please attach it again.',
    });
  }
});

test('a host that has a fault, or enough of us, is tried again later', async () => {
  for (const status of [503, 429]) {
    slack.trouble({ method: 'files.download', status, times: 1 });
    await expect(filesFrom().fetch(workspace(), shared().id)).rejects.toBeInstanceOf(TypeError);
  }
});

/** What is asked for on the way to a picture, by address, and with the token or not. */
async function follow(...addresses: string[]) {
  const asked: [string, boolean][] = [];
  const fetchThere = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = String(input);
    asked.push([url, new Headers(init?.headers).has('authorization')]);
    const next = addresses[addresses.indexOf(url) + 1];
    if (next !== undefined) return new Response(null, { status: 302, headers: { location: next } });
    return new Response('the bytes', { headers: { 'content-type': 'image/png' } });
  };
  const { id } = shared({ address: addresses[0] });
  const files = createFiles({ maxBytes: 1000, filesUrl: undefined, fetch: fetchThere, log });
  const came = await files.fetch(workspace(), id).then(
    ({ bytes }) => bytes.toString(),
    (error) => error.reason?.kind,
  );
  return { asked, came };
}

const FIRST = 'https://files.slack.com/files-pri/T1-F1/a.png';

test.each([
  ['https://files-origin.slack.com/files-pri/T1-F1/a.png', true],
  ['https://slack-files.com/T1-F1-abc', true],
  ['https://files.slack-gov.com/files-pri/T1-F1/a.png', true],
  ['https://avatars.slack-edge.com/a.png?signature=1', false],
])(
  'a redirect to %s, which is Slack’s own, is followed, with the token only where it belongs',
  async (next, hasToken) => {
    expect(await follow(FIRST, next)).toEqual({
      asked: [
        [FIRST, true],
        [next, hasToken],
      ],
      came: 'the bytes',
    });
  },
);

test.each([
  'http://files.slack.com/files-pri/T1-F1/a.png',
  'https://169.254.169.254/latest/meta-data',
  'https://files.slack.com.evil.example/a.png',
])('a redirect to %s is not followed', async (next) => {
  expect(await follow(FIRST, next)).toEqual({ asked: [[FIRST, true]], came: 'picture_elsewhere' });
});

test('a redirect to the page to log in is not followed: the picture is one that Slack hides', async () => {
  const door = 'https://garden.slack.com/?redir=%2Ffiles-pri%2FT1-F1%2Fa.png';
  expect(await follow(FIRST, door)).toEqual({ asked: [[FIRST, true]], came: 'picture_hidden' });
});

test('a scope that is missing is the operator’s business, and its member is told that the picture is hidden', async () => {
  slack.trouble({ method: 'files.info', error: 'missing_scope', times: 1 });
  await expect(filesFrom().fetch(workspace(), shared().id)).rejects.toMatchObject({
    reason: { kind: 'picture_hidden' },
  });
});

test.each([
  ['image/tiff', 'tiff', { thumb_480: 'small', thumb_1024: 'large' }, 'large'],
  ['image/vnd.adobe.photoshop', 'psd', { thumb_720: 'middle', thumb_360: 'tiny' }, 'middle'],
  ['image/svg+xml', 'svg', { thumb_960: 'large' }, 'large'],
  ['image/tiff', 'tiff', {}, 'original'],
  ['image/png', 'png', { thumb_1024: 'large' }, 'original'],
  ['image/heic', 'heic', { thumb_1024: 'large' }, 'original'],
  ['application/pdf', 'pdf', { thumb_pdf: 'page', thumb_1024: 'large' }, 'original'],
])('of a picture of %s (%s) with %j Slack’s own is fetched where nothing here opens it: %s', async (...given) => {
  const [mimetype, filetype, thumbs, expected] = given;
  const at = (name: string) => `https://files.slack.com/files-pri/T1-F1/${name}`;
  const named = Object.fromEntries(Object.entries(thumbs).map(([size, name]) => [size, at(name)]));
  const file = { id: 'F1', name: `a.${filetype}`, mimetype, filetype, size: 10, ...named, url_private: at('original') };
  const asked: string[] = [];
  const fetchThere = async (input: string | URL | Request): Promise<Response> => {
    asked.push(String(input));
    return new Response('the bytes', { headers: { 'content-type': 'image/jpeg' } });
  };
  const client = { files: { info: async () => ({ ok: true, file }) } } as unknown as Workspace['client'];
  const files = createFiles({ maxBytes: 1000, filesUrl: undefined, fetch: fetchThere as never, log });
  await files.fetch({ ...workspace(), client }, 'F1');
  expect(asked).toEqual([at(expected)]);
});
