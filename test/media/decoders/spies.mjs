// A decoder that was taken over: it answers what it can see of the machine. The picture's bytes say which files it tries.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';

const tryTo = (act) => {
  try {
    return act();
  } catch (error) {
    return `${error.code}`;
  }
};
const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const connects = (port) =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });

process.on('message', async ({ bytes }) => {
  const { files, port } = JSON.parse(Buffer.from(bytes).toString());
  const seen = {
    environments: processes().map((pid) => tryTo(() => readFileSync(`/proc/${pid}/environ`, 'latin1'))),
    files: files.filter((file) => existsSync(file)),
    writes: tryTo(() => writeFileSync(new URL('written', import.meta.url), 'x')) === undefined,
    isConnected: await connects(port),
  };
  process.send({ type: 'refused', detail: JSON.stringify(seen), residentBytes: 0 });
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send({ type: 'ready' });
