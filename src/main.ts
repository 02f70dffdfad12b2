#!/usr/bin/env node
// The command line: reads the configuration, starts a role, and maps how it ended to an exit code.
import './supported-node.ts';
import { constants } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { administer } from './admin-command.ts';
import { rehearseOnDiscord } from './bots/discord/rehearsal/rehearse.ts';
import { describeReach, examineDiscord, registerWithDiscord } from './bots/discord/setup.ts';
import { ADMIN_VERBS } from './bots/platform.ts';
import type { RehearsalResult, Tried } from './bots/rehearsal.ts';
import { describeApp } from './bots/slack/manifest.ts';
import { rehearseOnSlack } from './bots/slack/rehearsal/rehearse.ts';
import { describeReach as describeSlackReach, examineSlack } from './bots/slack/setup.ts';
import { type Config, type DiscordConfig, loadConfig, PRECISIONS, type SlackConfig } from './config.ts';
import { ConfigError, OperationError, UserError } from './errors.ts';
import { createLogger, type Logger } from './log.ts';
import { pullModel } from './models-command.ts';
import { runDoctor } from './ops/doctor.ts';
import { createShutdown, endOnBug, onFirstSignal, runUntilSignal, type Shutdown } from './ops/shutdown.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { showPage } from './page-command.ts';
import { probeWorker } from './probe-command.ts';
import { measureQuality } from './quality-command.ts';
import { type RehearsalCommand, runRehearsal } from './rehearsal-command.ts';
import { renderToFile } from './render-command.ts';
import { openBase } from './roles/base.ts';
import { openBot, type ReadyPage } from './roles/bot.ts';
import { openEmbeddedRedis } from './roles/embedded-redis.ts';
import { version } from './roles/package.ts';
import type { BotRoleOptions } from './roles/role.ts';
import { openWorker } from './roles/worker.ts';
import { verifyFile } from './verify-command.ts';

const EXIT_CODES = `
Exit codes:
  0    done; start, bot and worker: also when stopped by Ctrl-C
  1    something failed that is not listed here; setup --try: something does not hold; quality: no, nothing was set; doctor: at least one check failed; probe: not well; admin health: broken
  2    the command line or the configuration is wrong
  3    the picture or the prompt was refused; the sentence says why
  4    the render failed
  5    verify: signed by another than this installation; 0 is by this one
  6    verify: it carries a signed mark, and the file or the mark was altered
  7    verify: no signed mark, but plain metadata
  8    verify: no mark
  130  render: stopped by Ctrl-C, and no clip was made (by SIGTERM: 143)
`;
const EXIT_USAGE = 2;
const EXIT_REFUSED = 3;
const EXIT_RENDER_FAILED = 4;

const program = new Command('animate-bot')
  .description("Brings people's pictures to life: /animate in a chat, a clip in the thread.")
  .version(version)
  .addHelpText(
    'after',
    `\nEvery setting is an environment variable, or a line in .env: see .env.example.\n${EXIT_CODES}`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

program
  .command('start')
  .description('everything on this machine: Redis (unless REDIS_URL is set), the bot with its chat page, and a worker')
  .action(() =>
    runRole(async (role) => {
      const base = await openBase(role, role.config.redisUrl ?? (await openEmbeddedRedis(role)));
      await openWorker(role, base);
      await openBot(role, base, (page) => announce(role, page));
      base.ops.started();
    }),
  );

program
  .command('bot')
  .description('the bot alone: takes commands in, hands clips over (needs REDIS_URL)')
  .action(() =>
    runRole(async (role) => {
      const base = await openBase(role, requireRedisUrl(role.config, 'bot'));
      await openBot(role, base, (page) => announce(role, page));
      base.ops.started();
    }),
  );

program
  .command('worker')
  .description('a worker alone: keeps engines warm and renders (needs REDIS_URL)')
  .action(() =>
    runRole(async (role) => {
      const base = await openBase(role, requireRedisUrl(role.config, 'worker'));
      await openWorker(role, base);
      base.ops.started();
    }),
  );

program
  .command('probe')
  .description('for health checks: is the worker of this machine online, with an engine loaded? (needs REDIS_URL)')
  .option('--alive', 'that it is online is enough', false)
  .addHelpText('after', EXIT_CODES)
  .action(async (options) => {
    await guard(async () => {
      const config = loadConfig();
      requireRedisUrl(config, 'probe');
      const trouble = await probeWorker(config, options);
      if (trouble) process.stderr.write(`${trouble}\n`);
      process.exitCode = trouble ? 1 : 0;
    });
  });

program
  .command('render')
  .description('one clip from the terminal, without chat or Redis')
  .requiredOption('--image <file>', 'the picture: PNG, JPEG, WebP, GIF, BMP, AVIF or HEIC')
  .requiredOption('--prompt <words>', 'how it should move')
  .requiredOption('--output <file>', 'where the clip goes, ending in .mp4', requireMp4)
  .option('--resolution <480p|720p>', 'the area of the clip', '480p')
  .option('--seconds <1-5>', 'the length of the clip', '5')
  .option('--seed <number>', 'the same seed gives the same clip; without it a random one')
  .option('--negative <words>', 'what should not be seen', '')
  .option('--fit <crop|pad>', 'what to do with a picture that is too wide or too tall')
  .option('--frame <first>', 'which frame of an animation to animate')
  .addHelpText('after', EXIT_CODES)
  .action(async (options) => {
    await guard(async () => {
      const config = loadConfig();
      const log = createLogger({ ...config.log, level: 'warn', secrets: secretsOf(config) }, process.stderr);
      await withShutdown(log, 'Stopped; no clip was made.', (shutdown) =>
        renderToFile(options, { config, log, shutdown }),
      );
    });
  });

program
  .command('models')
  .description('the weights of the engine that ENGINE names')
  .addCommand(
    new Command('pull')
      .description(
        'fetches them into the cache, or those that are missing there; the only step that needs the internet',
      )
      .addHelpText('after', EXIT_CODES)
      .action(async () => {
        await guard(async () => {
          process.exitCode = await pullModel(loadConfig());
        });
      }),
  );

program
  .command('quality')
  .description(
    'may the GPU compute faster than exactly? Renders your pictures both ways, compares, and sets PRECISION if so',
  )
  .argument('<folder>', 'pictures, better twenty than two, some with a flat sky or wall')
  .addOption(
    new Option('--precision <mixed|int8>', 'what is compared with exact')
      .choices(PRECISIONS.filter((each) => each !== 'exact'))
      .default('mixed'),
  )
  .addOption(new Option('--resolution <480p|720p>', 'the area of the clips').choices(['480p', '720p']).default('480p'))
  .option('--sheet <file>', 'where the sheet to look at goes', 'quality.png')
  .addHelpText('after', EXIT_CODES)
  .action(async (pictures, options) => {
    await guard(async () => {
      const config = loadConfig();
      const log = createLogger({ ...config.log, level: 'warn', secrets: secretsOf(config) }, process.stderr);
      await withShutdown(log, 'Stopped; nothing was set.', async (shutdown) => {
        process.exitCode = await measureQuality({ ...options, pictures }, { config, log, shutdown });
      });
    });
  });

program
  .command('discord')
  .description('the bot on Discord (needs DISCORD_TOKEN; docs/discord.md)')
  .addCommand(
    new Command('setup')
      .description('checks the token and the permissions in each server, and prints the link that invites the bot')
      .option('--try <channel>', 'the id of a channel: plays the whole story there, says what holds, and cleans up')
      .addHelpText('after', EXIT_CODES)
      .action(async ({ try: channel }) => {
        await guard(async () => {
          if (channel !== undefined) return rehearseDiscord(channel);
          const { lines, invite } = await examineDiscord(requireDiscord(loadConfig()));
          for (const { verdict, text } of lines) process.stdout.write(`${verdict.padEnd(4)}  ${text}\n`);
          process.stdout.write(`\nInvite it: ${invite}\n`);
          process.exitCode = lines.some(({ verdict }) => verdict !== 'ok') ? 1 : 0;
        });
      }),
  )
  .addCommand(
    new Command('register')
      .description('tells Discord the commands; a bot that starts does so by itself')
      .addHelpText('after', EXIT_CODES)
      .action(async () => {
        await guard(async () => {
          const isNew = await registerWithDiscord(requireDiscord(loadConfig()));
          process.stdout.write(isNew ? 'The commands are registered.\n' : 'Discord knows these commands already.\n');
        });
      }),
  );

program
  .command('slack')
  .description('the bot on Slack (docs/slack.md)')
  .addCommand(
    new Command('manifest')
      .description('prints the app for api.slack.com/apps, Create New App, From a manifest')
      .option('--address <https://…>', 'events come by HTTPS to this address, in the place of Socket Mode')
      .addHelpText('after', EXIT_CODES)
      .action(({ address }) => {
        process.stdout.write(`${JSON.stringify(describeApp(address), null, 2)}\n`);
      }),
  )
  .addCommand(
    new Command('setup')
      .description('checks the tokens, the scopes, the socket, and a channel (needs SLACK_BOT_TOKEN)')
      .option('--channel <id>', 'the id of a channel that the bot should be in')
      .option('--try <channel>', 'the id of a channel: plays the whole story there, says what holds, and cleans up')
      .option('--member <id>', 'with --try: your own id, for the answers that you alone see')
      .addHelpText('after', EXIT_CODES)
      .action(async ({ channel, try: stage, member }) => {
        await guard(async () => {
          if (stage !== undefined) return rehearseSlack(stage, member);
          const lines = await examineSlack(requireSlack(loadConfig()), channel);
          for (const { verdict, text } of lines) process.stdout.write(`${verdict.padEnd(4)}  ${text}\n`);
          process.exitCode = lines.some(({ verdict }) => verdict !== 'ok') ? 1 : 0;
        });
      }),
  );

program
  .command('page')
  .description('prints the link that opens the chat page')
  .option('--log-out', 'logs every browser out', false)
  .option('--renew', 'makes a new token: older links open nothing any more, and every browser is logged out', false)
  .addHelpText('after', EXIT_CODES)
  .action(async (options) => {
    await guard(() => showPage(loadConfig(), options));
  });

program
  .command('admin')
  .description('what admins do in chat: health, queue, workers, job, retry, pause, drain, unload and so on')
  .argument('<verb>', ADMIN_VERBS.join(', '))
  .argument('[subject]', 'what it is about: a render’s number, a worker, an engine, a member’s id')
  .option('--platform <name>', 'that a member is blocked on', 'discord')
  .option('--undo', 'drain: let it take renders again', false)
  .option('--json', 'health: the same for programs', false)
  .addHelpText('after', EXIT_CODES)
  .action(async (verb, subject, options) => {
    await guard(async () => {
      const config = loadConfig();
      const log = createLogger({ ...config.log, level: 'error', secrets: secretsOf(config) }, process.stderr);
      await withShutdown(log, 'Stopped.', async (shutdown) => {
        process.exitCode = (await administer({ verb, subject }, options, { config, log, shutdown })) ? 0 : 1;
      });
    });
  });

program
  .command('verify')
  .description('was a clip made here? reads the marks in it, those of C2PA and the plain ones (docs/marks.md)')
  .argument('<file>', 'an MP4 of at most 64 MiB')
  .option('--json', 'the same for programs', false)
  .addHelpText('after', EXIT_CODES)
  .action(async (file, options) => {
    await guard(async () => {
      process.exitCode = await verifyFile(file, options, loadConfig());
    });
  });

program
  .command('doctor')
  .description('checks this installation: each line is ok, warn or fail, and what to do about it')
  .addHelpText('after', EXIT_CODES)
  .option('--json', 'the same for programs: an array of {verdict, subject, text}', false)
  .option('--quick', 'without the test clip, for which the engine is loaded', false)
  .action(async (options) => {
    await guard(async () => {
      const config = loadConfig();
      const log = createLogger({ ...config.log, level: 'error', secrets: secretsOf(config) }, process.stderr);
      await withShutdown(log, 'Stopped.', async (shutdown) => {
        process.exitCode = (await runDoctor({ config, log, shutdown }, options)) ? 0 : 1;
      });
    });
  });

await program.parseAsync();

async function rehearseDiscord(channel: string): Promise<void> {
  const config = loadConfig();
  const settings = requireDiscord(config);
  await rehearse(config, 'Discord', describeReach(settings).text, (signal, tell) =>
    rehearseOnDiscord({ ...settings, channel, signal, tell }),
  );
}

async function rehearseSlack(channel: string, member: string | undefined): Promise<void> {
  const config = loadConfig();
  const settings = requireSlack(config);
  await rehearse(config, 'Slack', describeSlackReach(settings).text, (signal, tell) =>
    rehearseOnSlack({ ...settings, channel, member, signal, tell }),
  );
}

async function rehearse(
  config: Config,
  service: RehearsalCommand['service'],
  reach: string,
  play: (signal: AbortSignal, tell: (tried: Tried) => void) => Promise<RehearsalResult>,
): Promise<void> {
  const log = createLogger({ ...config.log, level: 'error', secrets: secretsOf(config) }, process.stderr);
  // Which proxy it was is nobody's business in a report.
  const road = reach.includes('through') ? 'through a proxy' : 'straight';
  await withShutdown(log, 'Stopped.', async ({ signal }) => {
    const isPassed = await runRehearsal({ service, road, signal, play: (tell) => play(signal, tell) });
    process.exitCode = isPassed ? 0 : 1;
  });
}

/** Starts a role, keeps it running until a signal, and stops it. */
async function runRole(open: (role: BotRoleOptions) => Promise<void>): Promise<void> {
  await guard(async () => {
    const config = loadConfig();
    const secrets = secretsOf(config);
    const log = createLogger({ ...config.log, secrets });
    const shutdown = createShutdown(log);
    endOnBug(shutdown, log);
    const untilSignal = runUntilSignal(shutdown, log, config.drainMs);
    try {
      await open({ config, log, shutdown, hide: (secret) => secrets.push(secret) });
    } catch (error) {
      const wasAsked = shutdown.signal.aborted;
      await shutdown.begin();
      if (!wasAsked) throw error;
    }
    await untilSignal;
    process.exit(0);
  });
}

/** For a command that comes to an end by itself: a signal ends it early, with the exit code that shells know it by. */
async function withShutdown(
  log: Logger,
  whenStopped: string,
  act: (shutdown: Shutdown) => Promise<void>,
): Promise<void> {
  const shutdown = createShutdown(log);
  let exitCode: number | undefined;
  onFirstSignal((name) => {
    exitCode = 128 + constants.signals[name];
    void shutdown.begin();
  });
  try {
    await act(shutdown);
  } catch (error) {
    if (exitCode === undefined) throw error;
    await shutdown.begin();
    process.stderr.write(`${whenStopped}\n`);
    process.exit(exitCode);
  } finally {
    await shutdown.begin();
  }
}

/** The one place where errors become words on the terminal and exit codes. */
async function guard(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const isExpected = error instanceof ConfigError || error instanceof UserError || error instanceof OperationError;
    process.stderr.write(`${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(exitCodeOf(error));
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_USAGE;
  if (error instanceof UserError) return error.code === 'bad_option' ? EXIT_USAGE : EXIT_REFUSED;
  if (error instanceof OperationError && /^(render|engine)_/.test(error.code)) return EXIT_RENDER_FAILED;
  return 1;
}

function announce({ log }: BotRoleOptions, { address, link }: ReadyPage): void {
  log.info({ address }, 'The chat page is ready');
  // In JSON the line above is for machines; people look for an address that they can click. The token is for a terminal alone: what is
  // written elsewhere is kept in files that others may read.
  const opens = link !== undefined && process.stderr.isTTY ? link : address;
  const hint = link === opens || link === undefined ? '' : '  (`animate-bot page` prints the link that opens it)';
  process.stderr.write(`\n  animate-bot is ready: ${opens}${hint}\n\n`);
}

function requireRedisUrl(config: Config, role: string): string {
  if (config.redisUrl) return config.redisUrl;
  throw new ConfigError([
    `REDIS_URL: expected the Redis that bots and workers meet in, got nothing; \`${role}\` needs it`,
  ]);
}

function requireDiscord({ discord, proxies }: Config): DiscordConfig & { outgoing: Outgoing } {
  if (discord) return { ...discord, outgoing: createOutgoing(proxies) };
  throw new ConfigError([
    'DISCORD_TOKEN: expected the token of your bot, got nothing; docs/discord.md says where it is',
  ]);
}

function requireSlack({ slack, proxies }: Config): SlackConfig & { outgoing: Outgoing } {
  if (slack) return { ...slack, outgoing: createOutgoing(proxies) };
  throw new ConfigError([
    'SLACK_BOT_TOKEN: expected the token of your bot, got nothing; docs/slack.md says where it is',
  ]);
}

function requireMp4(file: string): string {
  if (file.endsWith('.mp4')) return file;
  throw new InvalidArgumentError('Expected a name ending in .mp4.');
}

/** In each form that it may come to a line in. */
function secretsOfProxy({ username, password }: URL): string[] {
  if (password === '') return [];
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return [`${username}:${password}`, credentials, Buffer.from(credentials).toString('base64')];
}

function secretsOf({ web, ops, traces, redisUrl, bucket, discord, slack, proxies }: Config): string[] {
  const password = redisUrl?.includes('@')
    ? redisUrl.slice(redisUrl.indexOf('://') + 3, redisUrl.lastIndexOf('@'))
    : undefined;
  const address = redisUrl?.includes('@') ? redisUrl : undefined;
  const ofSlack = [slack?.botToken, slack?.appToken, slack?.signingSecret, slack?.oauth?.clientSecret, slack?.secret];
  const given = [web.token, ops.token, address, password, bucket?.secretAccessKey, discord?.token, ...ofSlack];
  const ofProxies = [proxies.http, proxies.https].flatMap((proxy) => (proxy ? secretsOfProxy(proxy) : []));
  return [...given, ...ofProxies, ...Object.values(traces.headers)].filter((secret) => secret !== undefined);
}
