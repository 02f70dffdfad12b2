// Who may import whom: ARCHITECTURE.md in a form that fails the build.
const only = (name, packageName, folders) => ({
  name,
  severity: 'error',
  from: { path: '^src', pathNot: folders },
  to: { path: `node_modules/${packageName}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'gpu-knows-no-queue-and-no-bots',
      severity: 'error',
      from: { path: '^src/gpu' },
      to: { path: '^src/(queue|bots)' },
    },
    { name: 'queue-knows-no-bots', severity: 'error', from: { path: '^src/queue' }, to: { path: '^src/(bots|ops)' } },
    {
      name: 'media-knows-no-queue-gpu-or-bots',
      severity: 'error',
      from: { path: '^src/media' },
      to: { path: '^src/(queue|gpu|bots)' },
    },
    {
      name: 'moderation-knows-only-media',
      severity: 'error',
      from: { path: '^src/moderation' },
      to: { path: '^src/(queue|gpu|bots|ops)' },
    },
    { name: 'bots-know-no-gpu', severity: 'error', from: { path: '^src/bots' }, to: { path: '^src/(gpu|ops)' } },
    {
      name: 'the-domain-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/(render|errors|limits|refusals|refusal-kinds)\\.ts$' },
      to: { path: '^src', pathNot: '^src/(render|errors|limits|refusals|refusal-kinds)\\.ts$' },
    },
    only('bullmq-in-queue', 'bullmq', '^src/queue'),
    only('ioredis-in-queue-and-web', 'ioredis', '^src/(queue|bots/web)'),
    only('discord-in-its-folder', 'discord\\.js', '^src/bots/discord'),
    only('slack-in-its-folder', '@slack', '^src/bots/slack'),
    only('fastify-in-web-and-ops', 'fastify', '^src/(bots/web|ops)'),
    only('metrics-in-ops', 'prom-client', '^src/ops'),
    only('traces-in-ops', '@opentelemetry', '^src/ops'),
    only('queue-board-in-ops', '@bull-board', '^src/ops'),
    only('dockerode-in-gpu', 'dockerode', '^src/gpu'),
    only('s3-in-media', '@aws-sdk', '^src/media'),
    only('sharp-in-media', 'sharp', '^src/media'),
    only('libheif-in-media', 'libheif-js', '^src/media'),
    only('re2js-in-moderation', 're2js', '^src/moderation'),
    only('commander-in-main', 'commander', '^src/main\\.ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
