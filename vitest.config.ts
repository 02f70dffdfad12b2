import { configDefaults, defineConfig } from 'vitest/config';

/** Whole installations. They mostly wait, for processes, for services and for each other. */
const CHATS = ['test/e2e/{discord,slack,slack-http,slack-emulate,story,faults,operations}.test.ts'];

/** Real servers, engines, containers and browsers, which want the machine to themselves. */
const PROCESSES = [
  'test/{cli,e2e}/**/*.test.ts',
  'test/gpu/{docker-filter,docker-runtime,pool,process-runtime,socket-proxy}.test.ts',
  'test/bots/web/page.test.ts',
  'test/media/{hostile,intake,kinds}.test.ts',
  'test/security/{canaries,deletion,lockfile,release,sandbox}.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    globalSetup: ['test/sweep.ts'],
    projects: [
      {
        extends: true,
        test: {
          // Each file has a Redis and a folder of its own.
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...CHATS, ...PROCESSES],
          // They mostly wait: for Redis, for a stand-in, for a pause that a service asks for.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'chats', include: CHATS, maxWorkers: 2, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'processes',
          include: PROCESSES,
          exclude: [...configDefaults.exclude, ...CHATS],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
