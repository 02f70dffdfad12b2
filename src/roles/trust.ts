// Who may ask for what: kept in Redis, and the same on every platform.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Sandbox } from '../media/sandbox.ts';
import type { Classifier } from '../moderation/classifier.ts';
import { createProgramClassifier } from '../moderation/program-classifier.ts';
import { createAudit } from '../queue/audit.ts';
import { createBlocks } from '../queue/blocks.ts';
import { createConsents } from '../queue/consents.ts';
import type { Redis } from '../queue/redis.ts';
import { createStrikes } from '../queue/strikes.ts';
import { createWordList } from '../queue/word-list.ts';
import { packageFolder, pythonOf } from './package.ts';

export function openTrust(config: Config, redis: Redis, sandbox: Sandbox) {
  return {
    blocks: createBlocks(redis),
    strikes: createStrikes(redis, config.moderation.strikeMs),
    wordList: createWordList(redis),
    consents: createConsents(redis),
    audit: createAudit(redis),
    settings: config.moderation,
    classifier: openClassifier(config, sandbox),
  };
}

function openClassifier(config: Config, sandbox: Sandbox): Classifier | undefined {
  const { classifier, thresholdPercent } = config.moderation;
  if (classifier === undefined) return undefined;
  if (classifier !== 'nsfw') return createProgramClassifier({ command: () => ({ program: classifier, args: [] }) });
  const args = ['-m', 'render_server.picture_classifier', String(thresholdPercent)];
  const folder = join(packageFolder, 'python');
  return createProgramClassifier({ command: () => ({ program: pythonOf(config), args, folder }), sandbox });
}
