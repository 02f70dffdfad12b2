import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_WATCHERS } from '../../../src/bots/web/live-feed.ts';
import { createWebPlatform, type WebPlatformOptions } from '../../../src/bots/web/web-platform.ts';
import type { ChannelMessage } from '../../../src/bots/web/wire.ts';
import { OperationError, UserError } from '../../../src/errors.ts';
import { renderKey } from '../../../src/queue/names.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { clipOf, MAX_PICTURE_BYTES, startPage, view, watch } from './fixtures.ts';
import { send } from './send.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

/** The first bytes of a PNG of this size: all that anybody reads of it here. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const size = Buffer.alloc(16);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([header, size]);
}

describe('a command', () => {
  it('reaches the handlers as it was given', async () => {
    await using page = await startPage(redis);
    const response = await page.animate({ picture: new Blob(['picture']), author: ' Ada\nLovelace ' });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ renderId: 'web-1' });
    expect(page.script.commands[0]).toMatchObject({
      eventId: 'e1',
      text: '/animate she smiles',
      member: { name: 'Ada Lovelace' },
      picture: { bytes: Buffer.from('picture'), filename: 'ada.png' },
    });
    await page.animate({ eventId: 'e2', ofRender: 'web-1' });
    expect(page.script.commands[1]?.picture).toEqual({ ofRender: 'web-1', mayManage: true });
    await page.animate({ eventId: 'e3' });
    expect(page.script.commands[2]?.picture).toBeUndefined();
  });

  it('becomes a message with a thread, its picture and the shape of its clip', async () => {
    await using page = await startPage(redis, { now: () => 1000 });
    page.files.set('pictures/web-1.png', pngHeader(1920, 1080));
    await page.animate({});
    expect(await page.messages()).toEqual([
      {
        id: 'm-e1',
        author: 'Ada',
        text: '/animate she smiles',
        sentAt: 1000,
        replies: [
          {
            id: 'r-e1',
            sentAt: 1000,
            picture: { url: '/media/pictures/web-1.png', width: 1920, height: 1080 },
            size: { width: 832, height: 480 },
            stages: [],
            view: JSON.parse(JSON.stringify(view())),
          },
        ],
      },
    ]);
  });

  it('is the same attempt with the same words and picture, and another with others, whatever its id says', async () => {
    await using page = await startPage(redis);
    for (const picture of ['one', 'one', 'two']) await page.animate({ picture: new Blob([picture]) });
    await page.animate({ picture: new Blob(['two']), text: 'other words' });
    const [first, again, ...others] = page.script.commands.map(({ attempt }) => attempt);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });

  it('that edits another shares its picture until it has its own', async () => {
    await using page = await startPage(redis);
    page.files.set('pictures/web-first.png', pngHeader(64, 64));
    await page.animate({ ofRender: 'web-first' });
    expect((await page.messages())[0]?.replies[0]?.picture?.url).toBe('/media/pictures/web-first.png');
  });

  it('that is refused answers with the sentence and leaves no message', async () => {
    await using page = await startPage(redis);
    page.script.onAnimate = async () => {
      throw new UserError('picture_missing', 'Attach a picture.');
    };
    const response = await page.animate({});
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({ code: 'picture_missing', message: 'Attach a picture.' });
    expect(await page.messages()).toEqual([]);
  });

  it('that is refused says what the bot can do instead', async () => {
    await using page = await startPage(redis);
    page.script.onAnimate = async () => {
      throw new UserError('aspect_too_extreme', 'Too wide.', { offers: ['crop', 'pad'] });
    };
    expect(await (await page.animate({})).json()).toMatchObject({ offers: ['crop', 'pad'] });
  });

  it('that breaks on our side asks to be sent again and tells nothing of the inside', async () => {
    await using page = await startPage(redis);
    page.script.onAnimate = async () => {
      throw new Error('ECONNREFUSED 10.0.0.7');
    };
    const response = await page.animate({});
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('10.0.0.7');
  });

  it('with a picture that is too large is answered, not cut off', async () => {
    await using page = await startPage(redis);
    const response = await page.animate({ picture: new Blob([Buffer.alloc(40 * MAX_PICTURE_BYTES)]) });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      code: 'picture_too_large',
      message: 'That picture is 40 MB; the limit is 1 MB.',
    });
    expect(page.script.commands).toEqual([]);
    expect((await page.animate({ picture: new Blob([Buffer.alloc(MAX_PICTURE_BYTES)]) })).status).toBe(202);
  });

  it('that is no form, or has no usable event id, is refused', async () => {
    await using page = await startPage(redis);
    const bare = await fetch(`${page.at}/api/animate`, { method: 'POST', body: 'text' });
    expect(bare.status).toBeGreaterThanOrEqual(400);
    expect(bare.status).toBeLessThan(500);
    expect((await page.animate({ eventId: 'a:b' })).status).toBe(422);
    expect((await page.animate({ eventId: '' })).status).toBe(422);
    expect(page.script.commands).toEqual([]);
  });

  it('comes from the member whose cookie it carries', async () => {
    await using page = await startPage(redis);
    const first = await page.animate({});
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    await page.animate({ eventId: 'e2' }, { cookie: cookie.split(';')[0] ?? '' });
    await page.animate({ eventId: 'e3' });
    const [one, two, three] = page.script.commands.map((command) => command.member.id);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });
});

describe('the status reply', () => {
  it('is pushed to every open page as it changes', async () => {
    await using page = await startPage(redis);
    const watchers = [await watch(page.at), await watch(page.at)];
    await page.animate({});
    const [ref] = page.script.refs;
    if (ref === undefined) throw new Error('No reference');
    await page.platform.update(ref, view({ kind: 'rendering', headline: 'Denoising, step 1 of 3', fraction: 0.25 }));
    await page.platform.update(ref, view({ kind: 'rendering', headline: 'Denoising, step 2 of 3', fraction: 0.5 }));
    await page.platform.update(ref, view({ kind: 'rendering', headline: 'Decoding, step 1 of 31', fraction: 0.7 }));
    for (const watcher of watchers) {
      const fractions: unknown[] = [];
      let last: ChannelMessage | undefined;
      for (let count = 0; count < 4; count += 1) {
        const news = await watcher.next();
        expect(news?.event).toBe('message');
        last = news?.data as ChannelMessage;
        fractions.push(last.replies[0]?.view.fraction);
      }
      expect(fractions).toEqual([undefined, 0.25, 0.5, 0.7]);
      expect(last?.replies[0]?.stages.map((stage) => stage.label)).toEqual(['Denoising', 'Decoding']);
      watcher.close();
    }
  });

  it('keeps its outcome, though the progress of a bot that has died since arrives in Redis only now', async () => {
    await using page = await startPage(redis);
    await page.animate({});
    const [ref] = page.script.refs;
    if (ref === undefined) throw new Error('No reference');
    const record = renderKey('web-1');
    await using bare = Object.assign(new Redis(redis.options), {
      [Symbol.asyncDispose]: async () => bare.disconnect(),
    });
    await bare.hset(record, 'outcome', JSON.stringify({ kind: 'failed' }));
    await page.platform.deliver(ref, view({ kind: 'failed', headline: 'It broke' }), undefined);
    const shown = async () => (await page.messages())[0]?.replies[0]?.view.headline;
    await page.platform.update(ref, view({ kind: 'rendering', headline: 'Denoising, step 1 of 3', fraction: 0.25 }));
    expect(await shown()).toBe('It broke');
    // An admin has it tried again.
    await bare.hdel(record, 'outcome');
    await page.platform.update(ref, view({ headline: 'Next in line' }));
    expect(await shown()).toBe('Next in line');
  });

  it('becomes the clip, and delivered twice looks like once', async () => {
    await using page = await startPage(redis);
    await page.animate({});
    const [ref] = page.script.refs;
    if (ref === undefined) throw new Error('No reference');
    const done = view({ kind: 'done', headline: 'Here is your clip', buttons: ['again', 'edit', 'delete'] });
    await page.platform.deliver(ref, done, clipOf('clips/web-1.mp4'));
    const once = await page.messages();
    expect(once[0]?.replies[0]?.clip).toEqual({
      url: '/media/clips/web-1.mp4',
      filename: 'she-smiles.mp4',
      width: 832,
      height: 480,
      isPreview: false,
    });
    await page.platform.deliver(ref, done, clipOf('clips/web-1.mp4'));
    expect(await page.messages()).toEqual(once);
  });

  it('goes when it is deleted, with its message when nothing else is in the thread', async () => {
    const prefix = 'test:deleted:';
    await using page = await startPage(redis, { prefix });
    await page.animate({});
    page.script.onPress = async (press) => {
      await press.open(view({ renderId: 'web-2' }));
      return 'Started again.';
    };
    await page.press('web-1', { action: 'again', eventId: 'p1' });
    const watcher = await watch(page.at);
    const ref = { platform: 'web', channel: 'animate', thread: 'm-e1' };
    await page.platform.update({ ...ref, message: 'r-e1' }, view({ kind: 'deleted' }));
    const changed = (await watcher.next())?.data as ChannelMessage;
    expect(changed.replies.map((reply) => reply.id)).toEqual(['r-p1']);
    // What its author typed and was called goes with the reply to it.
    expect(changed).toMatchObject({ author: '', text: '' });
    const kept = await page.redis.hgetall(`${prefix}message:m-e1`);
    expect(kept.message).not.toContain('Ada');
    await page.platform.update({ ...ref, message: 'r-p1' }, view({ kind: 'deleted', renderId: 'web-2' }));
    expect(await watcher.next()).toEqual({ event: 'removed', data: { id: 'm-e1' } });
    expect(await page.messages()).toEqual([]);
    expect(await page.redis.keys(`${prefix}*`)).toEqual([`${prefix}secrets`]);

    // A last update on its way, and a second deletion, find nothing and bring nothing back.
    await page.platform.update({ ...ref, message: 'r-p1' }, view({ kind: 'rendering' }));
    await page.platform.deliver({ ...ref, message: 'r-e1' }, view({ kind: 'deleted' }), undefined);
    expect(await page.messages()).toEqual([]);
    watcher.close();
  });

  it('can be taken away with all that is kept of its member, as a tar of JSON and files', async () => {
    await using page = await startPage(redis);
    page.files.set('pictures/web-1.png', Buffer.from('a picture'));
    const response = await fetch(`${page.at}/api/export`);
    expect(response.headers.get('content-disposition')).toContain('.tar');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const folder = await mkdtemp(join(tmpdir(), 'export-'));
    await writeFile(join(folder, 'export.tar'), Buffer.from(await response.arrayBuffer()));
    execFileSync('tar', ['-xf', 'export.tar'], { cwd: folder });
    const unpacked = join(folder, 'animate-bot-export');
    expect(JSON.parse(await readFile(join(unpacked, 'export.json'), 'utf8')).of).toMatch(/^[0-9a-f-]{36}$/);
    expect(await readFile(join(unpacked, 'pictures', 'web-1.png'), 'utf8')).toBe('a picture');
    await rm(folder, { recursive: true });
  });

  it('is dropped with the oldest messages beyond the cap', async () => {
    let time = 0;
    await using page = await startPage(redis, { keep: 2, now: () => ++time });
    for (const eventId of ['a', 'b', 'c']) await page.animate({ eventId });
    expect((await page.messages()).map((message) => message.id)).toEqual(['m-b', 'm-c']);
    expect((await page.press('web-1', { action: 'cancel', eventId: 'p' })).status).toBe(422);
    expect((await page.press('web-2', { action: 'cancel', eventId: 'p' })).status).toBe(200);
  });
});

describe('a button', () => {
  it('again posts one more reply in the same thread, also when it is sent twice', async () => {
    await using page = await startPage(redis);
    page.files.set('pictures/web-1.png', pngHeader(1000, 1000));
    page.files.set('pictures/web-2.png', pngHeader(1000, 1000));
    await page.animate({});
    page.script.onPress = async (press) => {
      page.script.refs.push(await press.open(view({ renderId: 'web-2' })));
      return 'Started again.';
    };
    await page.press('web-1', { action: 'again', eventId: 'p1' });
    await page.press('web-1', { action: 'again', eventId: 'p1' });
    const [message, ...others] = await page.messages();
    expect(others).toEqual([]);
    expect(message?.replies.map((reply) => [reply.view.renderId, reply.size?.width])).toEqual([
      ['web-1', 608],
      ['web-2', 608],
    ]);
    expect(page.script.refs[2]).toEqual(page.script.refs[1]);
    expect((await page.press('web-2', { action: 'cancel', eventId: 'p2' })).status).toBe(200);
  });

  it.each([
    ['an unknown render', 'nobody', { action: 'cancel', eventId: 'p1' }],
    ['an unknown action', 'web-1', { action: 'explode', eventId: 'p1' }],
    ['no event id', 'web-1', { action: 'cancel' }],
  ])('with %s is refused', async (_, renderId, body) => {
    await using page = await startPage(redis);
    await page.animate({});
    const response = await page.press(renderId, body);
    expect(response.status).toBe(422);
    expect(page.script.presses).toEqual([]);
  });
});

describe('media', () => {
  it.each([
    [undefined, 200, '0123456789', undefined],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['bytes=-0', 416, undefined, 'bytes */10'],
    ['bytes=4-2', 200, '0123456789', undefined],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
  ])('answers the range %s with %i', async (range, status, text, contentRange) => {
    await using page = await startPage(redis);
    page.files.set('clips/web-1.mp4', Buffer.from('0123456789'));
    const response = await fetch(`${page.at}/media/clips/web-1.mp4`, { headers: range === undefined ? {} : { range } });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-range') ?? undefined).toBe(contentRange);
    const body = await response.text();
    if (text === undefined) return;
    expect(body).toBe(text);
    expect(response.headers.get('content-length')).toBe(String(text.length));
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
  });

  it('is asked for each time by a browser that has it, so that a deletion reaches it', async () => {
    await using page = await startPage(redis);
    page.files.set('clips/web-1.mp4', Buffer.from('0123456789'));
    const url = `${page.at}/media/clips/web-1.mp4`;
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    page.files.delete('clips/web-1.mp4');
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(404);
  });

  it('is offered as a download under its own name', async () => {
    await using page = await startPage(redis);
    page.files.set('clips/web-1.mp4', Buffer.from('0123456789'));
    const named = await fetch(`${page.at}/media/clips/web-1.mp4?download=she-smiles.mp4`);
    expect(named.headers.get('content-disposition')).toBe('attachment; filename="she-smiles.mp4"');
    const hostile = await fetch(
      `${page.at}/media/clips/web-1.mp4?download=${encodeURIComponent('a"\r\nset-cookie: x')}`,
    );
    expect(hostile.headers.get('content-disposition')).toBe('attachment; filename="web-1.mp4"');
    await named.text();
    await hostile.text();
  });

  it.each([
    'clips/none.mp4',
    'clips/discord-1.mp4',
    'clips/..%2Fsecret.mp4',
    'clips/web-1.png%00.mp4',
    'other/web-1.mp4',
  ])('answers %s with 404', async (path) => {
    await using page = await startPage(redis);
    page.files.set('clips/discord-1.mp4', Buffer.from('for a member of a chat'));
    const response = await fetch(`${page.at}/media/${path}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control') ?? '').not.toContain('private');
    await response.text();
  });

  it('is refused with all headers where the address cannot be read, and is not repeated', async () => {
    await using page = await startPage(redis);
    const response = await send(`${page.at}/%ff<script>`);
    expect(response.status).toBe(400);
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.headers['content-security-policy']).toContain("default-src 'none'");
    expect(response.body).not.toContain('ff');
  });

  it('has so many open pages and no more', async () => {
    await using page = await startPage(redis);
    const watchers = await Promise.all(Array.from({ length: MAX_WATCHERS }, () => watch(page.at)));
    const refused = await fetch(`${page.at}/api/events`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    for (const watcher of watchers) watcher.close();
  });

  it('answers HEAD without a body', async () => {
    await using page = await startPage(redis);
    page.files.set('pictures/web-1.png', Buffer.from('0123456789'));
    const response = await send(`${page.at}/media/pictures/web-1.png`, { method: 'HEAD' });
    expect(response).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '10', 'content-type': 'image/png' },
    });
  });
});

describe('with WEB_TOKEN=off', () => {
  it.each(['localhost', 'localhost:8470', '127.0.0.1', '[::1]:80', 'bot.localhost'])(
    'the host %s is ours',
    async (host) => {
      await using page = await startPage(redis);
      expect((await send(`${page.at}/api/channel`, { headers: { host } })).status).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '192.168.1.4'])(
    'the host %j is refused',
    async (host) => {
      await using page = await startPage(redis);
      expect((await send(`${page.at}/api/channel`, { headers: { host } })).status).toBe(403);
    },
  );

  it.each<[string, Record<string, string>, number]>([
    ['another site', { origin: 'https://evil.example' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['a cross-site request without an origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }, 403],
    ['the page itself', { 'sec-fetch-site': 'same-origin' }, 422],
    ['a program', {}, 422],
  ])('a press from %s', async (_, headers, status) => {
    await using page = await startPage(redis);
    const response = await send(`${page.at}/api/renders/web-1/press`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ action: 'delete', eventId: 'p1' }),
    });
    expect(response.status).toBe(status);
  });

  it('another site cannot embed what the page reads', async () => {
    await using page = await startPage(redis);
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await send(`${page.at}/media/clips/web-1.mp4`, { headers })).status).toBe(403);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await send(`${page.at}/`, { headers: link })).status).toBe(200);
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', 'bot.example'])('it refuses to listen on %s', (host) => {
    const options = { host, isOpen: true } as WebPlatformOptions;
    expect(() => createWebPlatform(options)).toThrow(OperationError);
    expect(() => createWebPlatform(options)).toThrow(`before the chat page listens on ${host}`);
  });
});

describe('the server', () => {
  it('serves the page under a policy that lets nothing else in', async () => {
    await using page = await startPage(redis);
    const response = await fetch(page.at);
    expect(await response.text()).toContain('the page');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect((await fetch(`${page.at}/none`)).status).toBe(404);
  });

  it('ends the open streams when it stops', async () => {
    await using page = await startPage(redis);
    const watcher = await watch(page.at);
    expect(watcher.response.headers.get('content-type')).toContain('text/event-stream');
    expect(watcher.response.headers.get('x-content-type-options')).toBe('nosniff');
    await page.platform.stop();
    expect(await watcher.next()).toBeUndefined();
    await expect(fetch(page.at)).rejects.toThrow();
  });
});
