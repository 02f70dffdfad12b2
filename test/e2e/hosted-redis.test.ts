// Two bots and two workers that meet in a Redis as one hosts it: over TLS with a password, or a node of a cluster, which
// refuses commands and scripts whose keys do not share a hash tag.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis } from '../../src/queue/redis.ts';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startClusterRedis, startTlsRedis } from '../fakes/redis.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';

const PASSWORD = 'correct horse@battery';

let folder: string;
let roles: Role[];
let server: { url: string; stop(): Promise<void> } | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-hosted-'));
  roles = [];
});

afterEach(async () => {
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startTls() {
  const files = { key: join(folder, 'key.pem'), certificate: join(folder, 'certificate.pem') };
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-keyout', files.key, '-out', files.certificate, '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ]);
  server = await startTlsRedis({ ...files, password: PASSWORD });
  return { REDIS_URL: server.url, NODE_EXTRA_CA_CERTS: files.certificate };
}

/** On each bot one clip is made and one is cancelled. */
async function expectClips(settings: Record<string, string>): Promise<void> {
  const environment = { DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create', ...settings };
  const start = (role: 'bot' | 'worker', own: Record<string, string> = {}): Role => {
    const started = startRole(role, { ...environment, ...own });
    roles.push(started);
    return started;
  };
  const bots = [start('bot'), start('bot')];
  const chats = (await Promise.all(bots.map(linkOf))).map(openChat);
  const picture = await drawPicture();
  for (const chat of chats) {
    const cancelled = await chat.animate('go seconds:1', picture);
    await chat.press(cancelled, 'cancel');
    await chat.until(cancelled, ({ view }) => view.kind === 'cancelled');
  }
  for (const name of ['one', 'two']) start('worker', { WORKER_NAME: name });
  for (const chat of chats) await chat.until(await chat.animate('go seconds:1', picture), isDone);
}

test('over TLS with a password, which is in no log', async () => {
  await expectClips(await startTls());
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  const said = JSON.stringify(roles.flatMap(({ lines }) => lines));
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(said).not.toContain(secret);
});

test('a certificate that nobody vouches for is refused', async () => {
  const { REDIS_URL } = await startTls();
  const refused = await new Promise<Error>((resolve) => {
    const redis = connectRedis(REDIS_URL, (error) => {
      redis.disconnect();
      resolve(error);
    });
  });
  expect(refused.message).toMatch(/self-signed certificate/);
});

test('on a node of a cluster', async () => {
  server = await startClusterRedis();
  await expectClips({ REDIS_URL: server.url });
});
