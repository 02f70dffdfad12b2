// The worker image, which is also the bot's, under Docker's own profile: what a decoder gets there that is taken over.
// .ci/docker-image builds it; it holds no bubblewrap, and could not use it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WORKER_IMAGE } from '../fakes/docker.ts';
import { root, run } from '../fakes/roles.ts';

const CANARY = 'canary-of-the-container';
const PLACES = {
  SPY: ['test/media/decoders/spies.mjs', '/app/test/decoders/spies.mjs'],
  CHANNEL: ['test/media/decoders/channel.mjs', '/app/test/decoders/channel.mjs'],
  TAKEN_OVER: ['python/test_engines/taken_over.py', '/app/test/taken_over.py'],
  TAKEOVERS: ['test/security/takeovers.mjs', '/app/test/takeovers.mjs'],
} as const;

/** As docker/docker-compose.yml starts a bot. */
async function takenOverIn(kind: string): Promise<Record<string, unknown>> {
  const environment = [
    ...[`DISCORD_TOKEN=${CANARY}`, 'APP=/app', 'PYTHON=/opt/venv/bin/python'],
    ...[`SPY=${PLACES.SPY[1]}`, `TAKEN_OVER=${PLACES.TAKEN_OVER[1]}`],
  ];
  const { code, stdout, stderr } = await run('docker', [
    ...['run', '--rm', '--init', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'],
    ...['--tmpfs', '/tmp:mode=1777', ...environment.flatMap((each) => ['--env', each])],
    ...Object.values(PLACES).flatMap(([file, place]) => ['--volume', `${join(root, file)}:${place}:ro`]),
    ...[WORKER_IMAGE, 'node', PLACES.TAKEOVERS[1], kind],
  ]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('in its container what is taken over gets nothing of the bot’s, by Landlock and seccomp', async () => {
  expect(await takenOverIn('best')).toMatchObject({
    kind: 'landlock',
    decoder: { got: [] },
    clipTool: [],
    doesClassifierGetNothing: true,
  });
});

test('without them it would get nearly all of it there', async () => {
  const { decoder, clipTool } = await takenOverIn('none');
  expect(decoder).toMatchObject({ got: expect.arrayContaining(['reads environments', 'reads the secret', 'signals']) });
  expect(clipTool).toEqual(expect.arrayContaining(['connects to a unix socket', 'limits']));
});
