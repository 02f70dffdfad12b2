import { configDefaults, defineConfig } from 'vitest/config';
import { isSupportedNode } from './src/node-version.ts';

if (!isSupportedNode(process.versions.node)) {
  throw new Error(
    `Node ${process.versions.node} is not supported: \`export PATH="$(node scripts/supported-node.mjs):$PATH"\` brings one`,
  );
}

/** They mostly wait, for processes, for services and for each other, each in an installation of its own. */
const TOGETHER = ['test/e2e/{discord,slack,slack-http,slack-emulate,story,faults,operations}.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 180_000,
    globalSetup: ['test/sweep.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'chats',
          include: TOGETHER,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'one at a time',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...TOGETHER],
          // Real servers, engines and browsers on as few as two cores: one file at a time.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
