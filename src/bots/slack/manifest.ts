// The app as Slack has to know it: `animate-bot slack manifest` prints this, to be pasted at api.slack.com/apps.
import { en } from '../languages/en.ts';

export const ANIMATE = '/animate';
export const ADMIN = '/animate-admin';
/** Slack shows a shortcut by this one name to everybody, whatever their language. */
export const MENU = en.commands.menu;
export const MESSAGE_SHORTCUT = 'animate_message';
export const GLOBAL_SHORTCUT = 'animate';

/** Everything that the bot may do, and what for. */
export const BOT_SCOPES = {
  commands: 'the commands /animate and /animate-admin, and the shortcuts',
  'chat:write': 'the status message in the thread',
  'files:read': 'the picture that a member gives',
  'files:write': 'the clip',
  'app_mentions:read': 'messages that mention the bot',
  'im:history': 'messages that members send to the bot itself',
  'im:write': 'the clip as a direct message, when its channel cannot be reached any more',
  'users:read': 'a member’s name, language, and whether they are an admin',
  'usergroups:read': 'which user groups a member is in, for SLACK_ADMINS and for limits',
  'channels:read': 'whether the bot is in a public channel, before a form is filled in for nothing',
  'groups:read': 'the same for private channels',
} as const;

export type BotScope = keyof typeof BOT_SCOPES;

/** `address`: where events come by HTTPS, and where other workspaces install it; without, they come over a socket. */
export function describeApp(address: string | undefined) {
  const url = address === undefined ? {} : { url: `${address}/slack/events` };
  const requestUrl = address === undefined ? {} : { request_url: `${address}/slack/events` };
  // Where workspaces install the app, over a socket as well, they also take it out.
  const goodbyes = ['app_uninstalled', 'tokens_revoked'];
  return {
    display_information: {
      name: 'animate-bot',
      description: en.commands.animate.description,
      background_color: '#2b1d4f',
    },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      bot_user: { display_name: 'animate-bot', always_online: true },
      shortcuts: [
        {
          name: MENU,
          type: 'message',
          callback_id: MESSAGE_SHORTCUT,
          description: 'Bring the picture of this message to life',
        },
        {
          name: 'Animate a picture',
          type: 'global',
          callback_id: GLOBAL_SHORTCUT,
          description: en.commands.animate.description,
        },
      ],
      slash_commands: [
        {
          command: ANIMATE,
          description: en.commands.animate.description,
          usage_hint: 'how it should move, or help',
          should_escape: false,
          ...url,
        },
        {
          command: ADMIN,
          description: 'Manage animate-bot: its health, its queue and its workers',
          usage_hint: 'health',
          should_escape: true,
          ...url,
        },
      ],
    },
    oauth_config: {
      ...(address !== undefined && { redirect_urls: [`${address}/slack/oauth_redirect`] }),
      scopes: { bot: Object.keys(BOT_SCOPES) },
    },
    settings: {
      event_subscriptions: { bot_events: ['app_home_opened', 'app_mention', 'message.im', ...goodbyes], ...requestUrl },
      interactivity: { is_enabled: true, ...requestUrl },
      org_deploy_enabled: false,
      socket_mode_enabled: address === undefined,
      token_rotation_enabled: false,
    },
  };
}
