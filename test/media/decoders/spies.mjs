// A decoder that was taken over: it answers what it got of what the picture's bytes name, and which files it can see.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { onRequest, send } from './channel.mjs';

const succeeds = (act) => {
  try {
    return act() !== false;
  } catch {
    return false;
  }
};
const connects = (where) =>
  new Promise((resolve) => {
    const socket = createConnection(where);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
const others = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
const opensToOthers = (file) => {
  const before = statSync(file).mode;
  chmodSync(file, 0o777);
  return statSync(file).mode !== before;
};

onRequest(async ({ bytes }) => {
  const { pid, canary, secret, port, unix, abstract, files } = JSON.parse(Buffer.from(bytes).toString());
  const folder = dirname(secret);
  const tries = {
    'reads environments': () =>
      others().some((each) => succeeds(() => readFileSync(`/proc/${each}/environ`, 'latin1').includes(canary))),
    'reads the secret': () => readFileSync(secret),
    'lists its folder': () => readdirSync(folder),
    'makes a file': () => writeFileSync(join(folder, 'made'), 'x'),
    'opens a file to others': () => opensToOthers(join(folder, 'to-open')),
    'writes beside its code': () => writeFileSync(new URL('written', import.meta.url), 'x'),
    signals: () => process.kill(pid, 0),
    'opens its memory': () => readFileSync(`/proc/${pid}/maps`).length > 0,
    'starts a program': () => spawnSync('/bin/true').status === 0,
  };
  const got = Object.keys(tries).filter((name) => succeeds(tries[name]));
  if (await connects({ host: '127.0.0.1', port })) got.push('connects to a port');
  if (await connects({ path: unix })) got.push('connects to a unix socket');
  if (await connects({ path: `\0${abstract}` })) got.push('connects to an abstract socket');
  const seen = { got, files: (files ?? []).filter((file) => existsSync(file)) };
  send({ type: 'refused', detail: JSON.stringify(seen), residentBytes: 0 });
});
send({ type: 'ready' });
