// The real adapters in this process, each on the stand-in of its service.
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { createDiscordPlatform } from '../../src/bots/discord/discord-platform.ts';
import { createSlackPlatform, type SlackPlatformOptions } from '../../src/bots/slack/slack-platform.ts';
import type { Logger } from '../../src/log.ts';
import type { Store } from '../../src/media/store.ts';
import { createInbox } from '../../src/queue/inbox.ts';
import { createNotes } from '../../src/queue/notes.ts';
import { createVault } from '../../src/queue/vault.ts';
import type { Discord } from './discord/discord.ts';
import { KEEP_MS } from './retention.ts';
import type { Slack } from './slack/slack.ts';

interface Given {
  redis: Redis;
  store: Store;
  log: Logger;
}

const MAX_PICTURE_BYTES = 2 ** 20;

export const onDiscord =
  (discord: Discord, admins: string[] = []) =>
  ({ redis, store, log }: Given) =>
    createDiscordPlatform({
      ...{ token: discord.token, guild: undefined, admins, shards: 'auto', isSpoiler: false },
      ...{
        apiUrl: `${discord.url}/api`,
        cdnUrl: discord.url,
        ageRestrictedOnly: false,
        samePressMs: 0,
        alertChannel: undefined,
      },
      ...{ media: store, inbox: createInbox(redis, 'discord'), notes: createNotes(redis, randomUUID(), KEEP_MS), log },
      ...{ maxPictureBytes: MAX_PICTURE_BYTES, signal: new AbortController().signal },
    });

export const onSlack =
  (
    slack: Slack,
    admins: string[] = [],
    changes: Partial<Pick<SlackPlatformOptions, 'isShared' | 'botToken' | 'secret' | 'samePressMs' | 'inbox'>> = {},
  ) =>
  ({ redis, store, log }: Given) =>
    createSlackPlatform({
      ...{ botToken: slack.botToken, appToken: slack.appToken, signingSecret: undefined, oauth: undefined },
      ...{
        secret: undefined,
        host: '127.0.0.1',
        port: 0,
        admins,
        isShared: false,
        pongSeconds: 15,
        samePressMs: 0,
        alertChannel: undefined,
      },
      ...{ apiUrl: `${slack.url}/api/`, filesUrl: slack.url, media: store, vault: createVault(redis, 'slack'), log },
      ...{ inbox: createInbox(redis, 'slack'), notes: createNotes(redis, randomUUID(), KEEP_MS) },
      ...{ maxPictureBytes: MAX_PICTURE_BYTES, signal: new AbortController().signal },
      ...changes,
    });
