// Where pictures are fetched from, whatever an event says: the service's own media hosts and nowhere else. Hosts are compared by
// name before anything is looked up, so there is no name of somebody else's whose address could change between two look-ups
// (DNS rebinding).
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { createAttachments } from '../../src/bots/discord/attachments.ts';
import { createFiles } from '../../src/bots/slack/files.ts';
import type { Workspace } from '../../src/bots/slack/workspaces.ts';

const TOKEN = 'xoxb-a-token-that-goes-nowhere-else';

/** This machine and the networks behind it, in every notation that some parser of addresses understands. */
const HOSTS = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0x7F.1',
    '017700000001',
  ],
  ...[
    '0177.0.0.1',
    '0177.1',
    '127.0.0.1.',
    '127.000.000.001',
    '127.0.0.1%2e',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '%31%32%37.0.0.1',
  ],
  ...['localhost', 'localhost.', 'LOCALHOST', 'foo.localhost', 'localhost.localdomain', 'ｌｏｃａｌｈｏｓｔ'],
  ...[
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
  ],
  ...[
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
  ],
  ...['[fd00:ec2::254]', '[fe80::1]', '[fc00::1]', '[::ffff:169.254.169.254]', 'metadata.google.internal'],
];

const TRICKS = [
  ...['//127.0.0.1/a.png', '/etc/passwd', '../../etc/passwd', 'file:///etc/passwd', 'data:image/png;base64,AAAA', ''],
  ...[
    'gopher://127.0.0.1/',
    'ftp://127.0.0.1/a.png',
    'unix:/var/run/docker.sock',
    'blob:https://127.0.0.1/a',
    'about:blank',
  ],
  ...['javascript:alert(1)', 'https://', 'https:///a.png', 'http://[', 'https://127.0.0.1\\@HOST/a.png'],
  ...['https://HOST@127.0.0.1/a.png', 'https://HOST:443@127.0.0.1/a.png', 'https://HOST%00.evil.example/a.png'],
  ...['https://user@HOST/a.png', 'https://user:pass@HOST/a.png', 'https://HOST:8443/a.png', 'http://HOST/a.png'],
  ...[
    'https://HOST.evil.example/a.png',
    'https://evilHOST/a.png',
    'https://HOST./a.png',
    'https://evil.example#@HOST/a.png',
  ],
  ...['https://evil.example?@HOST/', 'https://evil.example/HOST', 'https://xn--HOST/a.png'],
  ...['https://HOST\t.evil.example/', 'https://evil.example\n@HOST\n.example/'],
];

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(answer: (request: IncomingMessage) => { location?: string; body?: string }) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const { location, body = '' } = answer(request);
    response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end(body);
  }).listen(0, '::');
  await once(server, 'listening');
  closing.push(() => server.close().closeAllConnections());
  return { asked, port: (server.address() as AddressInfo).port };
}

const slackFiles = (filesUrl: string | undefined) => {
  const files = createFiles({ maxBytes: 1000, filesUrl, log: pino({ level: 'silent' }) });
  return async (address: string): Promise<unknown> => {
    const info = async () => ({ file: { id: 'F1', url_private_download: address, size: 1 } });
    return files.fetch({ token: TOKEN, client: { files: { info } } } as unknown as Workspace, 'F1');
  };
};

const services = {
  Discord: {
    host: 'cdn.discordapp.com',
    open: (given: string | undefined) => {
      const attachments = createAttachments({ maxBytes: 1000, cdnUrl: given });
      return (address: string): Promise<unknown> => attachments.fetch(address);
    },
  },
  Slack: { host: 'slack.com', open: slackFiles },
};

describe.each(Object.entries(services))('%s', (_name, { host, open }) => {
  test('no notation of this machine or its networks is fetched', async () => {
    const inside = await listen(() => ({ body: 'a secret of the house' }));
    const fetchPicture = open(undefined);
    for (const each of HOSTS) {
      for (const address of [
        `http://${each}:${inside.port}/a.png`,
        `https://${each}/a.png`,
        `https://${each}:${inside.port}/`,
      ]) {
        await expect(fetchPicture(address), address).rejects.toMatchObject({ code: 'picture_missing' });
      }
    }
    expect(inside.asked).toEqual([]);
  });

  test.each(TRICKS.map((trick) => trick.replaceAll('HOST', host)))('%j is not fetched', async (address) => {
    await expect(open(undefined)(address)).rejects.toMatchObject({ code: 'picture_missing' });
  });

  test('no redirect leads off the list, and no credential goes along', async () => {
    const inside = await listen(() => ({ body: 'a secret of the house' }));
    let location = '';
    const media = await listen(() => ({ location }));
    const fetchPicture = open(`http://127.0.0.1:${media.port}`);
    const targets = [
      ...HOSTS.map((each) => `http://${each}:${inside.port}/`),
      ...[
        `//127.0.0.1:${inside.port}/`,
        `http://user@127.0.0.1:${media.port}/`,
        'file:///etc/passwd',
        'https://evil.example/',
      ],
    ];
    for (const target of targets) {
      // A header cannot hold what is not Latin; a browser would send it so.
      location = encodeURI(target).replaceAll('%25', '%').replaceAll('%5B', '[').replaceAll('%5D', ']');
      await expect(fetchPicture(`http://127.0.0.1:${media.port}/a.png`), target).rejects.toMatchObject({
        code: 'picture_missing',
      });
    }
    expect(media.asked).toHaveLength(targets.length);
    expect(inside.asked).toEqual([]);
  });

  test('redirects within the list end', async () => {
    const media = await listen(() => ({ location: '/again.png' }));
    await expect(open(`http://127.0.0.1:${media.port}`)(`http://127.0.0.1:${media.port}/a.png`)).rejects.toMatchObject({
      code: 'picture_missing',
    });
    expect(media.asked.length).toBeLessThan(5);
  });
});

test('Slack’s token goes to its file host alone', async () => {
  const media = await listen(() => ({ body: 'bytes' }));
  await slackFiles(`http://127.0.0.1:${media.port}`)(`http://127.0.0.1:${media.port}/a.png`);
  expect(media.asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`]);
});
