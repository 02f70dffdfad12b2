// Slack as a Platform: connects, takes what members do, and shows them what became of it.
import { webApi } from '@slack/bolt';
import { ConfigError, OperationError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Store } from '../../media/store.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import type { Vault } from '../../queue/vault.ts';
import { connectPatiently } from '../connect-patiently.ts';
import { createHeldCommands } from '../held-command.ts';
import type { Handlers, MessageRef, Platform } from '../platform.ts';
import type { View } from '../view.ts';
import { type ClientSettings, createSlackClient, createSlackLogger, type SlackClient } from './client.ts';
import { toMrkdwn } from './drawing.ts';
import { createEntrances, type Entrances } from './entrances/entrances.ts';
import { REFUSED_TOKENS } from './error-codes.ts';
import { createFiles } from './files.ts';
import { createFinisher } from './finisher.ts';
import { createHome, type Home } from './home.ts';
import { createInstallations } from './installations.ts';
import type { Item } from './item.ts';
import { post } from './messages.ts';
import { createOpenForms } from './open-forms.ts';
import { createOwnData } from './own-data.ts';
import { createPeople } from './people.ts';
import { createSettingFault } from './setting-fault.ts';
import { createStatusMessages } from './status-messages.ts';
import { createTelling } from './telling.ts';
import { createWorkspaces } from './workspaces.ts';

const SAME_SENTENCE_MS = 5 * 60_000;
const MOVED_WITHIN_MS = 5000;

export interface SlackSettings extends ClientSettings {
  /** Of the one workspace; undefined where workspaces install the app. */
  botToken: string | undefined;
  filesUrl: string | undefined;
  /** Members and user groups, by id. */
  admins: string[];
  /** Whether it works in channels that are shared with other organisations. */
  isShared: boolean;
  /** In the one workspace: where admins are told what breaks and what heals. */
  alertChannel: string | undefined;
}

export interface SlackPlatformOptions extends SlackSettings {
  media: Pick<Store, 'read'>;
  inbox: Inbox<Item>;
  notes: Notes;
  vault: Vault;
  maxPictureBytes: number;
  /** A button that is pressed again within this time was pressed once; 0 is never. */
  samePressMs: number;
  log: Logger;
  /** Aborted when the bot is to stop while it still connects. */
  signal: AbortSignal;
}

export function createSlackPlatform(options: SlackPlatformOptions): Platform {
  const { botToken, secret, apiUrl, outgoing, admins, media, inbox, notes, vault, log, signal } = options;
  const logger = createSlackLogger(log);
  const installations = botToken === undefined && secret !== undefined ? createInstallations(vault, secret) : undefined;
  const settingFault = createSettingFault(log, 'SLACK_BOT_TOKEN');
  const socketFault = createSettingFault(log, 'SLACK_APP_TOKEN');
  const workspaces = createWorkspaces({
    ...{ token: botToken, installations, apiUrl, logger, fetch: outgoing?.fetch },
    // The tokens of workspaces that install the app are no setting.
    ...(!installations && { heard: settingFault.heard }),
  });
  const people = createPeople({ workspaces, notes, admins });
  const openForms = createOpenForms(workspaces, notes);
  const status = createStatusMessages({ workspaces, media, notes, log, fetch: outgoing?.fetch });
  const telling = createTelling({ workspaces, log });
  const held = createHeldCommands<Item>(notes);
  const files = createFiles({
    ...{ maxBytes: options.maxPictureBytes, filesUrl: options.filesUrl, fetch: outgoing?.fetch, log },
  });
  const { alertChannel } = options;
  let isConnected = false;
  let client: SlackClient | undefined;
  let entrances: Entrances | undefined;
  let home: Home | undefined;
  let heard: Handlers | undefined;

  const start = async (handlers: Handlers): Promise<void> => {
    const sendOwnData = createOwnData({ handlers, people, workspaces, fetch: outgoing?.fetch });
    const taking = createEntrances({
      ...{ ...options, handlers, people, workspaces, openForms, telling, held, sendOwnData },
    });
    const showing = createHome({ handlers, people, workspaces, notes, log });
    heard = handlers;
    entrances = taking;
    home = showing;
    const attempt = async (): Promise<void> => {
      const connected = createSlackClient({
        ...{ ...options, workspaces, installations, logger, notes },
        keep: (body, retries) => taking.keep(body, retries),
        heardOfSocket: (error) => socketFault.heard('apps.connections.open', error),
      });
      taking.listen(connected.app);
      showing.listen(connected.app);
      for (const event of ['app_uninstalled', 'tokens_revoked'] as const) {
        connected.app.event(event, async ({ body }) => workspaces.forget(body.team_id));
      }
      const told = await workspaces.open();
      await connected.start();
      client = connected;
      isConnected = true;
      watchConnection(connected, log, (isNow) => {
        isConnected = isNow;
      });
      log.info({ workspace: told?.team, user: told?.user }, 'Connected to Slack');
    };
    await connectPatiently({ service: 'Slack', attempt, toLastFault, log, signal });
    await inbox.work({
      handle: createFinisher({ handlers, workspaces, people, files, status, telling, held }),
      onError: (error) => log.warn({ err: error }, 'A command could not be finished'),
    });
  };

  /** What else shows this render: the member's Home tab, and a form that they have open. */
  const showElsewhere = async ({ details }: MessageRef, view: View): Promise<void> => {
    const { team = '', user = '' } = details ?? {};
    await Promise.all([openForms.show(view), home?.changed({ team, user })]).catch((error) =>
      log.warn({ err: error, renderId: view.renderId }, 'A form or a Home tab could not be updated'),
    );
  };

  return {
    name: 'slack',
    start,
    async update(ref, view) {
      await status.update(ref, view, async (edit) => heard?.whileUnderWay(view.renderId, edit));
      await showElsewhere(ref, view);
    },
    async deliver(ref, view, clip) {
      await status.deliver(ref, view, clip);
      await showElsewhere(ref, view);
    },
    connection: () => ({ isConnected, pingMs: undefined, ...socketFault.current(), ...settingFault.current() }),
    ...(alertChannel !== undefined && {
      // The same sentence again within minutes is the same message: also for bots that cannot ask each other.
      async announce(sentence: string) {
        const once = `announce:${Math.floor(Date.now() / SAME_SENTENCE_MS)}:${sentence}`;
        const place = { channel: alertChannel, thread: undefined };
        await post(await workspaces.of(''), place, once, { text: toMrkdwn(sentence) });
      },
    }),
    async stop() {
      workspaces.stop();
      await client?.stop();
      await entrances?.settled();
      home?.stop();
      await inbox.close();
      status.stop();
    },
  };
}

/**
 * An outage is one line when it begins and one when it ends, not one for each attempt. Slack moves its sockets several times a
 * day: those that are back soon are no outage.
 */
function watchConnection({ connection }: SlackClient, log: Logger, onChange: (isConnected: boolean) => void): void {
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  connection?.on('reconnecting', () => {
    timer ??= setTimeout(() => {
      isAway = true;
      log.warn('The connection to Slack is lost; connecting again');
    }, MOVED_WITHIN_MS);
    timer.unref();
    onChange(false);
  });
  connection?.on('connected', () => {
    clearTimeout(timer);
    timer = undefined;
    if (isAway) log.info('Connected to Slack again');
    isAway = false;
    onChange(true);
  });
}

function toLastFault(error: unknown): Error | undefined {
  if (error instanceof ConfigError) return error;
  if (!(error instanceof webApi.WebAPIPlatformError) || !REFUSED_TOKENS.includes(error.data.error)) return undefined;
  return new OperationError(
    'setup_missing',
    `SLACK_BOT_TOKEN and SLACK_APP_TOKEN: expected the tokens of your app, got one that Slack refuses (${error.data.error}). \`animate-bot slack setup\` says which.`,
    { cause: error, isRetryable: false },
  );
}
