// A real S3 server of a test's own: rclone's, which checks signatures, on a free port and an empty folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BucketOptions } from '../../src/media/s3.ts';

const program = fileURLToPath(new URL('../../.venv/bin/rclone', import.meta.url));

export interface TestBucket extends BucketOptions, AsyncDisposable {
  endpoint: string;
  /** Ends the server; what is in the bucket goes. */
  halt(): Promise<void>;
}

export async function startS3(): Promise<TestBucket> {
  const folder = await mkdtemp(join(tmpdir(), 's3-'));
  await mkdir(join(folder, 'files', 'clips-of-tests'), { recursive: true });
  const key = { accessKeyId: 'a-key-of-tests', secretAccessKey: 'a-secret-of-tests' };
  const server = spawn(
    program,
    [
      ...['serve', 's3', join(folder, 'files'), '--addr', '127.0.0.1:0', '--force-path-style=true'],
      ...['--auth-key', `${key.accessKeyId},${key.secretAccessKey}`, '--vfs-cache-mode', 'off'],
      ...['--config', join(folder, 'rclone.conf')],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const endpoint = await saidAddress(server);
  const halt = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  return {
    ...key,
    endpoint,
    region: 'us-east-1',
    bucket: 'clips-of-tests',
    halt,
    async [Symbol.asyncDispose]() {
      await halt();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function saidAddress({ stderr }: ChildProcess): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stderr as NodeJS.ReadableStream })) {
    lines.push(line);
    const address = /Starting s3 server on \[(http:\/\/[\d.:]+)/.exec(line)?.[1];
    if (address) return address;
  }
  throw new Error(`rclone did not start:\n${lines.join('\n')}`);
}
