// An installation of one test's own: a Redis, a data folder, and the roles that it starts. All of it ends with the test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type Role, startRole } from '../fakes/roles.ts';

export interface Installation {
  readonly folder: string;
  readonly redis: TestRedis;
  readonly roles: Role[];
  /** With an engine that does as its prompt says. */
  start(role: 'bot' | 'worker', environment?: Record<string, string>): Role;
}

export interface InstallationOptions {
  /** What the test needs beside it, before any role; and its end, after all of them. */
  open?(): Promise<void>;
  close?(): Promise<void>;
  /** What else a bot needs to know, such as where its chat service is. */
  botEnvironment?(): Record<string, string>;
  /** What the chat service saw, for whoever reads of a test that failed. */
  describe?(): string;
}

/** A new one for each test of the file. */
export function useInstallation({ open, close, botEnvironment, describe }: InstallationOptions = {}): Installation {
  let folder = '';
  let redis: TestRedis;
  let roles: Role[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-e2e-'));
    redis = await startRedis();
    roles = [];
    await open?.();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      const words = roles.flatMap(({ lines }) => lines).map((line) => JSON.stringify(line).slice(0, 1500));
      process.stderr.write(`${[...words, describe?.() ?? ''].join('\n')}\n`);
    }
    await Promise.all(roles.map((role) => role.kill('SIGTERM')));
    await close?.();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  return {
    get folder() {
      return folder;
    },
    get redis() {
      return redis;
    },
    get roles() {
      return roles;
    },
    start(role, environment = {}) {
      const started = startRole(role, {
        REDIS_URL: redis.url,
        DATA_FOLDER: join(folder, 'data'),
        ENGINE: 'test_engines.does_as_told:create',
        // What a prompt says is mostly about a file of the test's.
        ENGINE_SANDBOX: 'off',
        ...(role === 'bot' ? botEnvironment?.() : {}),
        ...environment,
      });
      roles.push(started);
      return started;
    },
  };
}
