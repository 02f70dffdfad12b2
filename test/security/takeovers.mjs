// Has a bot's decoder, clip tools and classifier taken over, on a machine or in a container, and writes what each got of a process,
// a folder and sockets that are none of theirs. `node takeovers.mjs KIND` with APP, the folder of an installation, and PYTHON.
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { APP, PYTHON, SPY, TAKEN_OVER, DISCORD_TOKEN: canary } = process.env;
const [startDecoder, createClipTools, createProgramClassifier, createSandbox] = (
  await Promise.all(
    ['media/decoder-process', 'media/clip-tools', 'moderation/program-classifier', 'media/sandbox'].map(
      (module) => import(`${APP}/dist/${module}.js`),
    ),
  )
).flatMap((module) => Object.values(module).filter((value) => /^(start|create)/.test(value.name)));

const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
for (const name of ['.env', 'to-open', 'to-move', 'to-remove', 'to-truncate']) {
  await writeFile(join(folder, name), canary, { mode: 0o600 });
}
const listen = async (...where) => {
  const server = createServer((socket) => socket.end()).listen(...where);
  await once(server, 'listening');
  return server;
};
const network = await listen(0, '127.0.0.1');
const unix = join(folder, 'redis.sock');
const abstract = `secrets-${process.pid}`;
const others = [await listen(unix), await listen(`\0${abstract}`)];
const targets = {
  ...{ pid: process.pid, canary, secret: join(folder, '.env'), port: network.address().port, unix, abstract },
};

const kind = process.argv[2];
const sandbox = createSandbox({ ...(kind !== 'best' && { offered: [kind] }), python: () => PYTHON });
const limits = { startTimeoutMs: 60_000, maxMemoryBytes: 2 ** 29 };
const decoder = await startDecoder({ path: SPY, ...limits, sandbox });
const files = [
  join(APP, 'package.json'),
  join(APP, 'dist', 'main.js'),
  join(APP, '.git'),
  '/etc/passwd',
  targets.secret,
];
const bytes = Buffer.from(JSON.stringify({ ...targets, files }));
const answer = await decoder.ask({ type: 'open', name: 'PNG', bytes }, new AbortController().signal);
await decoder.kill();

const server = await mkdtemp(join(tmpdir(), 'taken-over-'));
await mkdir(join(server, 'render_server'));
await copyFile(TAKEN_OVER, join(server, 'render_server', 'clip_tools.py'));
await writeFile(
  join(server, 'render_server', 'picture_classifier.py'),
  `import json, sys
from .clip_tools import Targets, attack
targets = Targets(**json.loads(sys.stdin.buffer.read()[4:]))
got = attack(targets)
sys.stderr.write(json.dumps(got))
json.dump({"allowed": not got}, sys.stdout)
`,
);
const input = Buffer.from(JSON.stringify(targets));
const clipTools = createClipTools(
  () => PYTHON,
  server,
  sandbox,
  async (clip) => ({ clip }),
);
const args = ['-m', 'render_server.picture_classifier', '80'];
const classifier = createProgramClassifier({ command: () => ({ program: PYTHON, args, folder: server }), sandbox });
process.stdout.write(
  JSON.stringify({
    kind: await sandbox.kind(),
    decoder: answer.type === 'refused' ? JSON.parse(answer.detail) : answer,
    clipTool: JSON.parse((await clipTools.lastFrame(input)).toString()),
    doesClassifierGetNothing: await classifier.allows([input]),
  }),
);
for (const listener of [network, ...others]) listener.close();
for (const each of [folder, server]) await rm(each, { recursive: true });
