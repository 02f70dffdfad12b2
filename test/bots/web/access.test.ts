// Who may open the page, as somebody tries it who may not: another account of the machine, a former session, a forged cookie, a guess.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_WATCHERS_OF_ONE } from '../../../src/bots/web/live-feed.ts';
import { createPageSecrets } from '../../../src/bots/web/page-secrets.ts';
import { createSessions, MAX_SESSIONS } from '../../../src/bots/web/sessions.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { everythingIn } from '../../fakes/redis-contents.ts';
import { startPage, watch } from './fixtures.ts';
import { cookiesOf, type SendOptions, type Sent, send, sendBytes } from './send.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const TOKEN = 'correct horse battery staple';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

type Page = Awaited<ReturnType<typeof startPage>>;

const follow = (page: Page, token: string, headers: Record<string, string> = {}): Promise<Sent> =>
  send(`${page.at}/?token=${encodeURIComponent(token)}`, { headers });

/** A browser of its own that has followed the link. */
async function logIn(page: Page) {
  const cookie = cookiesOf(await follow(page, await page.secrets.token()));
  const ask = (path: string, options: SendOptions = {}): Promise<Sent> =>
    send(`${page.at}${path}`, { ...options, headers: { ...options.headers, cookie } });
  return {
    cookie,
    ask,
    status: async () => (await ask('/api/channel')).status,
    end: (which: string) =>
      ask('/api/sessions/end', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ which }) }),
    async memberId(): Promise<string> {
      const { of } = JSON.parse((await ask('/api/export')).body.match(/\{[\s\S]*?\n\}/)?.[0] ?? '{}');
      return of;
    },
  };
}

const paste = (page: Page, token: string, headers: Record<string, string> = {}): Promise<Sent> =>
  send(`${page.at}/login`, {
    method: 'POST',
    headers: { ...FORM, ...headers },
    body: `token=${encodeURIComponent(token)}`,
  });

describe('without a token of the operator', () => {
  it('another account of this machine gets nothing without the link', async () => {
    await using page = await startPage(redis, { token: 'own' });
    for (const path of [
      '/api/channel',
      '/api/events',
      '/api/health',
      '/api/export',
      '/media/clips/web-1.mp4',
      '/app.js',
      '/admin',
    ]) {
      expect([path, (await send(`${page.at}${path}`)).status]).toEqual([path, 401]);
    }
    const pause = { method: 'POST', headers: JSON_TYPE, body: '{"verb":"pause"}' };
    expect((await send(`${page.at}/api/admin`, pause)).status).toBe(401);
    expect((await page.animate({})).status).toBe(401);
    expect(page.script.commands).toEqual([]);
  });

  it('the link holds 256 bits that stay the same, for all bots of the installation', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const token = await page.secrets.token();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    await using other = await startPage(redis, { token: 'own', prefix: page.prefix });
    expect(await other.secrets.token()).toBe(token);
    const { cookie } = await logIn(page);
    expect((await send(`${other.at}/api/channel`, { headers: { cookie } })).status).toBe(200);
    await using elsewhere = await startPage(redis, { token: 'own' });
    expect(await elsewhere.secrets.token()).not.toBe(token);
    expect((await send(`${elsewhere.at}/api/channel`, { headers: { cookie } })).status).toBe(401);
  });

  it('a guesser keeps nobody from logging in', async () => {
    await using page = await startPage(redis, { token: 'own' });
    for (let guess = 0; guess < 30; guess += 1) await follow(page, `wrong ${guess}`);
    expect((await follow(page, 'wrong')).status).toBe(429);
    expect((await follow(page, await page.secrets.token())).status).toBe(303);
  });

  it('a renewed token ends every session and every older link', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const before = await page.secrets.token();
    const browser = await logIn(page);
    await page.secrets.renew();
    expect(await browser.status()).toBe(401);
    expect((await follow(page, before)).status).toBe(401);
    expect((await follow(page, await page.secrets.token())).status).toBe(303);
  });

  it('a renewed token ends what a program watches with the one before', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const watcher = await watch(page.at, { authorization: `Bearer ${await page.secrets.token()}` });
    await page.secrets.renew();
    await (await logIn(page)).end('this');
    expect(await watcher.next()).toBeUndefined();
  });

  it('what a program watches goes on while its token opens the page', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const authorization = `Bearer ${await page.secrets.token()}`;
    const watcher = await watch(page.at, { authorization });
    await (await logIn(page)).end('this');
    await page.animate({}, { authorization });
    expect((await watcher.next())?.event).toBe('message');
    watcher.close();
  });

  it('a token that is renewed while its link is followed opens no session', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const { token: read } = page.secrets;
    const before = await read();
    let reads = 0;
    page.secrets.token = async () => {
      const token = await read();
      reads += 1;
      // The first is for the session that there is not, the second is compared with the link.
      if (reads === 2) await page.secrets.renew();
      return token;
    };
    const cookie = cookiesOf(await follow(page, before));
    expect((await send(`${page.at}/api/channel`, { headers: { cookie } })).status).toBe(401);
  });

  it.each([
    [undefined, 'en', 'terminal where the bot was started'],
    ['fr,de-AT;q=0.8,en;q=0.5', 'de', 'aus dem Terminal'],
    ['es-419', 'es', 'en la terminal'],
    ['ja', 'ja', 'ターミナル'],
    ['zh-CN,zh;q=0.9', 'zh-CN', '终端'],
    ['x'.repeat(2000), 'en', 'terminal'],
  ])('who reads %s and comes without the link is told where it is', async (language, lang, words) => {
    await using page = await startPage(redis, { token: 'own' });
    const asked = await send(`${page.at}/`, { headers: language === undefined ? {} : { 'accept-language': language } });
    expect(asked).toMatchObject({ status: 401, headers: { 'cache-control': 'no-store' } });
    expect(asked.headers['content-type']).toContain('text/html');
    expect(asked.body).toContain(`<html lang="${lang}">`);
    expect(asked.body).toContain(words);
    expect(asked.body).toContain('<code>npm start -- page</code>');
    expect(asked.body).toContain('name="token"');
    expect(asked.body).not.toContain(await page.secrets.token());
  });
});

describe('the link', () => {
  it('logs in, and leaves the token in no address, no cookie and no referrer', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const followed = await follow(page, TOKEN);
    expect(followed).toMatchObject({
      status: 303,
      headers: { location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    });
    const [session = '', member = ''] = followed.headers['set-cookie'] ?? [];
    const flags = '; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict$';
    expect(session).toMatch(new RegExp(`^animate_session_\\w{8}=[\\w-]{43}${flags}`));
    expect(member).toMatch(new RegExp(`^animate_member_\\w{8}=[\\w-]{36}\\.[\\w-]{43}${flags}`));
    expect(cookiesOf(followed)).not.toContain('horse');
    expect((await send(`${page.at}//evil.example/?token=${encodeURIComponent(TOKEN)}`)).headers.location).toBe('/');
  });

  it('keeps the session of a browser that has one', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const { cookie, ask } = await logIn(page);
    expect(await follow(page, TOKEN, { cookie })).toMatchObject({ status: 303, headers: { location: '/' } });
    expect(JSON.parse((await ask('/api/sessions')).body).sessions).toHaveLength(1);
  });

  it('on another site is followed once more from here, so that the browser shows its cookies', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const site = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const again = await send(`${page.at}//evil.example/?token=${encodeURIComponent(TOKEN)}`, { headers: site });
    expect(again.headers).toMatchObject({
      refresh: `0; url=/?token=${encodeURIComponent(TOKEN)}`,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  it('with a wrong token says so, and sets nothing', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const wrong = await follow(page, 'wrong');
    expect(wrong.status).toBe(401);
    expect(wrong.body).toContain('role="alert"');
    expect(wrong.headers['set-cookie']).toBeUndefined();
  });

  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['http://bot.example', false],
    ['https://bot.example', true],
  ])('with WEB_URL=%s gives cookies that are for HTTPS alone: %s', async (url, isSecure) => {
    await using page = await startPage(redis, { token: TOKEN, url });
    const { headers } = await follow(page, TOKEN, { 'x-forwarded-proto': isSecure ? 'http' : 'https' });
    for (const cookie of headers['set-cookie'] ?? []) expect(cookie.endsWith('; Secure')).toBe(isSecure);
  });
});

describe('the page that asks for the token', () => {
  it('takes it, or the whole link, from this page only', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    for (const pasted of [TOKEN, ` ${TOKEN}\n`, `${page.at}/?token=${encodeURIComponent(TOKEN)}`]) {
      expect(await paste(page, pasted)).toMatchObject({ status: 303, headers: { location: '/' } });
    }
    expect((await paste(page, 'no')).status).toBe(401);
    expect((await paste(page, TOKEN, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('takes a new session in the place of the one that the browser had', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const { cookie, status, memberId } = await logIn(page);
    const id = await memberId();
    const next = cookiesOf(await paste(page, TOKEN, { cookie }));
    expect(await status()).toBe(401);
    const exported = await send(`${page.at}/api/export`, { headers: { cookie: next } });
    expect(exported.body).toContain(id);
  });

  it('answers others while twenty forms hang', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const { hostname, port } = new URL(page.at);
    const hanging = Array.from({ length: 20 }, () => connect(Number(port), hostname));
    for (const socket of hanging) {
      socket.on('error', () => undefined);
      socket.write(
        `POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${FORM['content-type']}\r\nContent-Length: 99\r\n\r\n`,
      );
    }
    await Promise.all(hanging.map((socket) => (socket.connecting ? once(socket, 'connect') : undefined)));
    await expect.poll(async () => (await paste(page, TOKEN)).status, { timeout: 20_000 }).toBe(503);
    expect((await follow(page, TOKEN)).status).toBe(303);
    for (const socket of hanging) socket.destroy();
  });
});

describe('guesses', () => {
  it('are held up for an address after ten, by whichever way they come, and its right token, too', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const ways = [
      () => follow(page, 'wrong'),
      () => paste(page, 'wrong'),
      () => send(`${page.at}/api/channel`, { headers: { authorization: 'Bearer wrong' } }),
    ];
    const first = await Promise.all(Array.from({ length: 30 }, (_, guess) => ways[guess % 3]?.()));
    expect(first.filter((each) => each?.status === 401)).toHaveLength(10);
    expect(first.filter((each) => each?.status === 429)).toHaveLength(20);
    const held = await follow(page, TOKEN, { 'accept-language': 'de' });
    expect(held.status).toBe(429);
    expect(Number(held.headers['retry-after'])).toBeLessThanOrEqual(600);
    expect(held.body).toContain('10 Minuten');
    expect((await send(`${page.at}/api/channel`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(429);
  });

  it('of one address hold up no other, and no session that is open', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const browser = await logIn(page);
    for (let guess = 0; guess < 11; guess += 1) await follow(page, 'wrong');
    expect((await follow(page, TOKEN)).status).toBe(429);
    expect(await browser.status()).toBe(200);
    const link = `${page.at}/?token=${encodeURIComponent(TOKEN)}`;
    expect((await send(link, { localAddress: '127.0.0.2' })).status).toBe(303);
  });

  it('of strangers keep no browser out that was in before, and its own are held up by themselves', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const browser = await logIn(page);
    await browser.end('this');
    for (let guess = 0; guess < 11; guess += 1) await follow(page, 'wrong');
    expect((await follow(page, TOKEN)).status).toBe(429);
    expect((await follow(page, TOKEN, { cookie: browser.cookie })).status).toBe(303);
    for (let guess = 0; guess < 10; guess += 1) {
      expect((await follow(page, 'wrong', { cookie: browser.cookie })).status).toBe(401);
    }
    expect((await follow(page, TOKEN, { cookie: browser.cookie })).status).toBe(429);
  });

  it('are held up for all after a hundred, and no more addresses are remembered', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    for (let guess = 0; guess < 130; guess += 1) {
      const localAddress = `127.0.1.${guess + 1}`;
      const { status } = await send(`${page.at}/?token=wrong`, { localAddress });
      expect(status).toBe(guess < 100 ? 401 : 429);
    }
    const keys = await page.redis.keys(`${page.prefix.replace(/[{}]/g, '?')}wrong*`);
    expect(keys).toHaveLength(101);
    for (const key of keys) expect(await page.redis.pttl(key)).toBeGreaterThan(0);
  });
});

describe('a session', () => {
  it('is of one browser: no two have the same, and Redis has neither them nor the token', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const [one, two] = [await logIn(page), await logIn(page)];
    expect(one.cookie).not.toBe(two.cookie);
    const kept = await everythingIn(page.redis);
    for (const { cookie } of [one, two]) expect(kept).not.toContain(/session_\w+=([\w-]+)/.exec(cookie)?.[1]);
    expect(kept).not.toContain(TOKEN);
  });

  it('cannot be forged: not from the token, not from what Redis has, not by another name', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const { cookie } = await logIn(page);
    const [name = ''] = await page.redis.hkeys(`${page.prefix}sessions`);
    for (const forged of [name, TOKEN, '', 'x'.repeat(43), '__proto__', 'constructor']) {
      const attempt = { cookie: cookie.replace(/(session_\w+=)[\w-]+/, `$1${forged}`) };
      expect((await send(`${page.at}/api/channel`, { headers: attempt })).status).toBe(401);
    }
  });

  it('is over for good once its browser has logged out, and so is what it had open', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const [gone, other] = [await logIn(page), await logIn(page)];
    const watcher = await watch(page.at, { cookie: gone.cookie });
    const stays = await watch(page.at, { cookie: other.cookie });
    const ended = await gone.end('this');
    expect(JSON.parse(ended.body)).toEqual({ message: 'Logged 1 browser out.' });
    expect(ended.headers['set-cookie']?.[0]).toMatch(/^animate_session_\w{8}=; Path=\/; Max-Age=0;/);
    expect(await watcher.next()).toBeUndefined();
    expect(await gone.status()).toBe(401);
    await page.animate({}, { cookie: other.cookie });
    expect((await stays.next())?.event).toBe('message');
    stays.close();
  });

  it('ends all others, or all, and what those had open', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const [own, second, third] = [await logIn(page), await logIn(page), await logIn(page)];
    const watcher = await watch(page.at, { cookie: second.cookie });
    expect(JSON.parse((await own.ask('/api/sessions')).body).sessions).toHaveLength(3);
    expect(JSON.parse((await own.end('others')).body)).toEqual({ message: 'Logged 2 browsers out.' });
    expect(await watcher.next()).toBeUndefined();
    expect(await Promise.all([own, second, third].map((each) => each.status()))).toEqual([200, 401, 401]);
    await logIn(page);
    await own.end('all');
    expect(await own.status()).toBe(401);
    expect(await page.redis.hlen(`${page.prefix}sessions`)).toBe(0);
    const wrong = await (await logIn(page)).end('mine');
    expect(wrong.status).toBe(422);
  });

  it('ends when the operator changes WEB_TOKEN', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const { cookie } = await logIn(page);
    const { prefix } = page;
    await using restarted = await startPage(redis, { token: 'another token of the operator', prefix });
    expect((await send(`${restarted.at}/api/channel`, { headers: { cookie } })).status).toBe(401);
  });

  it('ends after 30 days without use, and after a year of use', async () => {
    let time = 0;
    await using page = await startPage(redis, { token: TOKEN, now: () => time });
    const [used, unused] = [await logIn(page), await logIn(page)];
    for (let day = 0; day < 365; day += 29) {
      time = day * DAY_MS;
      expect([day, await used.status()]).toEqual([day, 200]);
    }
    expect(await unused.status()).toBe(401);
    time = 366 * DAY_MS;
    expect(await used.status()).toBe(401);
    // Those that are over are gone from Redis with the next login.
    await logIn(page);
    expect(await page.redis.hlen(`${page.prefix}sessions`)).toBe(1);
  });

  it('watches with so many tabs, and leaves others their places', async () => {
    await using page = await startPage(redis, { token: 'own' });
    const [browser, other] = [await logIn(page), await logIn(page)];
    const tabs = Array.from({ length: MAX_WATCHERS_OF_ONE }, () => watch(page.at, { cookie: browser.cookie }));
    const watchers = await Promise.all(tabs);
    expect((await browser.ask('/api/events')).status).toBe(503);
    const watcher = await watch(page.at, { cookie: other.cookie });
    expect(watcher.response.status).toBe(200);
    for (const each of [...watchers, watcher]) each.close();
  });

  it('makes place for a new one where there are too many: the least used is over', async () => {
    await using page = await startPage(redis);
    let time = 0;
    const sessions = createSessions({ redis: page.redis, prefix: page.prefix, now: () => time });
    const ids: string[] = [];
    for (; time < MAX_SESSIONS + 2; time += 1) ids.push(await sessions.begin('ada', 'token'));
    const found = await Promise.all(ids.map((id) => sessions.find(id, 'token')));
    expect(found.map((each) => each !== undefined)).toEqual(ids.map((_, index) => index > 1));
  }, 60_000);
});

describe('a member of the page', () => {
  it('is who their session says, whatever else a browser claims', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const [alice, bob] = [await logIn(page), await logIn(page)];
    const [aliceId, bobId] = [await alice.memberId(), await bob.memberId()];
    expect(aliceId).not.toBe(bobId);
    const name = /animate_member_\w+/.exec(alice.cookie)?.[0] ?? '';
    const signature = /animate_member_\w+=[\w-]+\.([\w-]+)/.exec(bob.cookie)?.[1] ?? '';
    for (const forged of [aliceId, `${aliceId}.`, `${aliceId}.${signature}`, `${aliceId}.${'A'.repeat(43)}`]) {
      // In their session, and at the next login.
      const claims = bob.cookie.replace(/animate_member_\w+=[^;]+/, `${name}=${forged}`);
      const asked = await send(`${page.at}/api/export`, { headers: { cookie: claims } });
      expect(asked.body).toContain(bobId);
      const again = cookiesOf(await follow(page, TOKEN, { cookie: `${name}=${forged}` }));
      expect((await send(`${page.at}/api/export`, { headers: { cookie: again } })).body).not.toContain(aliceId);
    }
  });

  it('is the same again after logging out and in: limits and blocks do not end with a session', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const browser = await logIn(page);
    const id = await browser.memberId();
    await browser.end('this');
    const cookie = cookiesOf(await follow(page, TOKEN, { cookie: browser.cookie }));
    expect((await send(`${page.at}/api/export`, { headers: { cookie } })).body).toContain(id);
  });

  it('is one and the same for all programs that show the token', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const authorization = `Bearer ${TOKEN}`;
    await page.animate({}, { authorization });
    await page.animate({ eventId: 'e2' }, { authorization, cookie: 'animate_member_12345678=mine' });
    expect(page.script.commands.map(({ member }) => member.id)).toEqual(['program', 'program']);
  });

  it('with WEB_TOKEN=off is who we called them, and nobody by their own word', async () => {
    await using page = await startPage(redis);
    const first = await page.animate({});
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    await page.animate({ eventId: 'e2' }, { cookie });
    await page.animate({ eventId: 'e3' }, { cookie: cookie.replace(/\..*/, '') });
    const [one, two, three] = page.script.commands.map(({ member }) => member.id);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });
});

describe('with a token', () => {
  it('programs show it as a bearer, and another site cannot use them', async () => {
    await using page = await startPage(redis, { token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}`, ...JSON_TYPE };
    const pause = { method: 'POST', body: '{"verb":"pause"}', headers };
    expect(await send(`${page.at}/api/admin`, pause)).toMatchObject({
      status: 200,
      body: '{"message":"You asked for pause."}',
    });
    const foreign = { ...pause, headers: { ...headers, origin: 'https://evil.example' } };
    expect((await send(`${page.at}/api/admin`, foreign)).status).toBe(403);
    expect((await send(`${page.at}/api/admin`, { ...pause, body: '{"verb":"format"}' })).status).toBe(422);
    expect(JSON.parse((await send(`${page.at}/api/health`, { headers })).body)).toMatchObject({ verdict: 'well' });
    expect((await send(`${page.at}/api/channel`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  it('two bots that start at once agree on what they make', async () => {
    await using page = await startPage(redis);
    const prefix = `${page.prefix}both:`;
    const secrets = [1, 2, 3, 4].map(() => createPageSecrets(page.redis, undefined, prefix));
    expect(new Set(await Promise.all(secrets.map((each) => each.token()))).size).toBe(1);
    expect(new Set(await Promise.all(secrets.map((each) => each.key()))).size).toBe(1);
  });
});

describe('what is refused before there is a request', () => {
  const get = (line: string, ...headers: string[]) => `${[line, ...headers].join('\r\n')}\r\n\r\n`;
  it.each([
    ['an address that is not UTF-8', get('GET /%ff HTTP/1.1', 'Host: localhost', 'Connection: close'), 400],
    ['headers without an end', get('GET / HTTP/1.1', 'Host: localhost', `X: ${'x'.repeat(40_000)}`), 431],
    ['an unknown method', get('BREW /<script> HTTP/1.1', 'Host: localhost'), 400],
    ['a method that nobody serves', get('PROPFIND / HTTP/1.1', 'Host: localhost', 'Connection: close'), 401],
    ['no HTTP at all', '\x16\x03\x01\x02\x00<script>', 400],
    ['HTTP/1.1 without a host', get('GET /api/channel HTTP/1.1', 'Connection: close'), 400],
    ['HTTP/1.0 without a host', get('GET /api/channel HTTP/1.0'), 401],
    ['an expectation', get('GET / HTTP/1.1', 'Host: localhost', 'Expect: tea', 'Connection: close'), 417],
  ])('%s: it has all the headers, and is not repeated', async (_what, bytes, status) => {
    await using page = await startPage(redis, { token: TOKEN });
    const answer = await sendBytes(page.at, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain("content-security-policy: default-src 'none'");
    expect(answer).toContain('x-content-type-options: nosniff');
    expect(answer).toContain('referrer-policy: same-origin');
    expect(answer).not.toContain('<script>');
  });
});
