// Where a picture is fetched from: Discord's media hosts, and nowhere else, whatever a payload says.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAttachments } from '../../../src/bots/discord/attachments.ts';

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

test.each([
  'http://cdn.discordapp.com/a.png',
  'https://cdn.discordapp.com.evil.example/a.png',
  'https://cdn.discordapp.com:8443/a.png',
  'https://user@cdn.discordapp.com/a.png',
  'https://evil.example/cdn.discordapp.com/a.png',
  'https://127.0.0.1/a.png',
  'https://[::1]/a.png',
  'https://0x7f000001/a.png',
  'https://169.254.169.254/latest/meta-data',
  'file:///etc/passwd',
  'data:image/png;base64,AAAA',
  'not an address',
])('%s is not fetched', async (address) => {
  const attachments = createAttachments({ maxBytes: 100, cdnUrl: undefined });
  await expect(attachments.fetch(address)).rejects.toMatchObject({
    code: 'picture_missing',
    message: 'I can only use pictures that were uploaded to Discord.',
  });
});

test('a redirect off the list is not followed', async () => {
  let wasAsked = false;
  const inside = await serve((_request, response) => {
    wasAsked = true;
    response.end('a secret of the house');
  });
  const cdnUrl = await serve((_request, response) => response.writeHead(302, { location: `${inside}/admin` }).end());
  const attachments = createAttachments({ maxBytes: 100, cdnUrl });
  await expect(attachments.fetch(`${cdnUrl}/a.png`)).rejects.toMatchObject({ code: 'picture_missing' });
  expect(wasAsked).toBe(false);
});

test('a redirect within the list is followed, and not for ever', async () => {
  const cdnUrl = await serve((request, response) => {
    if (request.url === '/b.png') response.end('bytes');
    else response.writeHead(302, { location: request.url === '/a.png' ? '/b.png' : '/loop' }).end();
  });
  const attachments = createAttachments({ maxBytes: 100, cdnUrl });
  expect((await attachments.fetch(`${cdnUrl}/a.png`)).toString()).toBe('bytes');
  await expect(attachments.fetch(`${cdnUrl}/loop`)).rejects.toMatchObject({ code: 'picture_missing' });
});

test('no more is read than a picture may have', async () => {
  const cdnUrl = await serve((_request, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  const attachments = createAttachments({ maxBytes: 2 ** 20, cdnUrl });
  await expect(attachments.fetch(`${cdnUrl}/a.png`)).rejects.toMatchObject({
    code: 'picture_too_large',
    message: 'That picture is too large; the limit is 1 MB.',
  });
});

test('a picture that is gone is told, and a host that has a fault, or enough of us, is tried again', async () => {
  const status: Record<string, number> = { '/gone.png': 404, '/broken.png': 503, '/later.png': 429 };
  const cdnUrl = await serve((request, response) => response.writeHead(status[request.url ?? ''] ?? 500).end('no'));
  const attachments = createAttachments({ maxBytes: 100, cdnUrl });
  await expect(attachments.fetch(`${cdnUrl}/gone.png`)).rejects.toMatchObject({ code: 'picture_missing' });
  for (const name of ['broken', 'later']) {
    await expect(attachments.fetch(`${cdnUrl}/${name}.png`)).rejects.toBeInstanceOf(TypeError);
  }
});
