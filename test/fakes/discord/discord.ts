// A Discord service in this process, which the real discord.js logs in to; and its members, who use the bot.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationCommandType, ChannelType, ComponentType, InteractionType, PermissionFlagsBits } from 'discord.js';
import { createUntil } from '../until.ts';
import { serveGateway } from './gateway.ts';
import type { Allowance } from './limits.ts';
import { serveRest, type Trouble } from './rest.ts';
import {
  APPLICATION_ID,
  createWorld,
  EPHEMERAL,
  type FakeChannel,
  type FakeFile,
  type FakeInteraction,
  type FakeMember,
  type FakeMessage,
  GUILD_ID,
} from './world.ts';

export * from './world.ts';

export const ADA: FakeMember = { id: '300000000000000001', name: 'Ada' };
export const BOB: FakeMember = { id: '300000000000000002', name: 'Bob' };
export const ADMIN_OF_SERVER: FakeMember = {
  id: '300000000000000003',
  name: 'Grace',
  permissions: PermissionFlagsBits.ManageGuild,
};

const FOR_ANSWERS =
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.MentionEveryone |
  PermissionFlagsBits.UseExternalEmojis;
const TOKEN_MS = 15 * 60_000;

export interface SentCommand {
  member?: FakeMember;
  channel?: FakeChannel;
  /** The same id is the same interaction, which the gateway sends again. */
  id?: string;
  /** The app is the member's own, and not in this server. */
  isForeign?: boolean;
  /** Fields of the event that do not come. */
  without?: string[];
  /** What becomes of the event before it is sent. */
  alter?: (event: Record<string, unknown>) => Record<string, unknown>;
  /** What Discord resolves of a command beside its picture. */
  resolved?: object;
}

export interface Typed {
  prompt?: string;
  resolution?: string;
  seconds?: number;
  seed?: number;
  negative?: string;
  private?: boolean;
  quality?: 'fast' | 'best';
  delete_my_clips?: boolean;
  send_my_data?: boolean;
}

export type Discord = Awaited<ReturnType<typeof startDiscord>>;

export async function startDiscord(options: { token?: string; allowance?: Allowance; host?: string } = {}) {
  // Under another name than 127.0.0.1 a proxy alone finds it.
  const { token = 'MTAw.tests.a-token-of-tests-that-is-secret', host = '127.0.0.1' } = options;
  const world = createWorld();
  const rest = await serveRest({
    world,
    token: () => token,
    ...(options.allowance && { allowance: options.allowance }),
  });
  const gateway = serveGateway(rest.app.server, world, () => token);
  const { port } = rest.app.server.address() as { port: number };
  const url = `http://${host}:${port}`;
  const garden = world.addChannel({ type: ChannelType.GuildText, name: 'garden', guild: GUILD_ID });

  const upload = (bytes: Buffer, name = 'picture.png', contentType = 'image/png', flags = 0): FakeFile => {
    const file = { id: world.newId(), name, bytes, contentType, flags };
    world.uploads.set(file.id, file);
    return file;
  };

  const toAttachment = ({ id, name, bytes, contentType, flags }: FakeFile) => ({
    ...{ id, filename: name, size: bytes.length, content_type: contentType, ephemeral: true, flags },
    ...{ url: `${url}/attachments/${id}/${name}`, proxy_url: `${url}/attachments/${id}/${name}` },
  });

  const send = (type: InteractionType, data: object, given: SentCommand, more: object = {}): FakeInteraction => {
    const { member = ADA, channel = garden, id = world.newId(), isForeign = false } = given;
    const known = world.interactions.get(id);
    const interaction: FakeInteraction = known ?? {
      id,
      token: `interaction-token-${id}`,
      channel: channel.id,
      member,
      sentAt: Date.now(),
      acknowledgedAfter: undefined,
      original: undefined,
      source: (more as { message?: { id: string } }).message?.id,
      modal: undefined,
      isForm: type === InteractionType.ModalSubmit,
      isForeign,
      followUps: 0,
      endsAt: Date.now() + TOKEN_MS,
    };
    world.interactions.set(id, interaction);
    const isInGuild = channel.guild !== undefined;
    const user = { id: member.id, username: member.name, global_name: member.name, discriminator: '0', avatar: null };
    const event = {
      id,
      application_id: APPLICATION_ID,
      type,
      token: interaction.token,
      version: 1,
      data,
      channel_id: channel.id,
      channel: {
        ...{ id: channel.id, type: channel.type, name: channel.name, nsfw: channel.nsfw, parent_id: channel.parent },
        ...(isInGuild && { guild_id: channel.guild }),
        ...(channel.parent !== undefined && {
          thread_metadata: { archived: false, auto_archive_duration: 1440, locked: false, archive_timestamp: null },
        }),
        ...(channel.recipient !== undefined && { recipients: [] }),
        permissions: '0',
      },
      locale: member.locale ?? 'en-US',
      // Without the bot it is what the answer to an interaction may have.
      app_permissions: String(world.isWithoutBot ? FOR_ANSWERS : channel.permissions),
      entitlements: [],
      authorizing_integration_owners: isForeign
        ? { '1': member.id }
        : isInGuild
          ? { '0': channel.guild }
          : { '0': '0' },
      context: isInGuild ? 0 : channel.type === ChannelType.DM ? 1 : 2,
      attachment_size_limit: world.sizeLimit,
      ...(isInGuild
        ? {
            guild_id: channel.guild,
            guild_locale: 'en-US',
            member: {
              user,
              roles: member.roles ?? [],
              permissions: String(member.permissions ?? 0n),
              joined_at: new Date().toISOString(),
              deaf: false,
              mute: false,
              flags: 0,
            },
          }
        : { user }),
      ...more,
    };
    const sent = Object.entries(event).filter(([name]) => !given.without?.includes(name));
    const { alter = (whole) => whole } = given;
    gateway.dispatch('INTERACTION_CREATE', alter(Object.fromEntries(sent)), channel.guild);
    return interaction;
  };

  const command = (name: string, options_: object[], given: SentCommand, resolved: object = {}): FakeInteraction =>
    send(
      InteractionType.ApplicationCommand,
      { id: '1', name, type: ApplicationCommandType.ChatInput, options: options_, resolved },
      given,
    );

  const toOptions = ({ ...typed }: Typed) => {
    const types = { string: 3, boolean: 5, number: 10 };
    return Object.entries(typed).map(([name, value]) => ({
      ...{ name, value, type: name === 'seed' ? 4 : types[typeof value as keyof typeof types] },
    }));
  };

  const messageJson = (message: FakeMessage) => ({
    id: message.id,
    channel_id: message.channel,
    author: { id: APPLICATION_ID, username: 'someone', discriminator: '0', avatar: null },
    content: message.content,
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: message.files.map(toAttachment),
    embeds: [],
    pinned: false,
    type: 0,
    flags: message.flags,
    components: message.components,
  });

  const describe = (): string =>
    [...world.messages.values()]
      .map(({ channel, content, files, flags }) =>
        JSON.stringify({ in: world.channels.get(channel)?.name, content, files: files.map(({ name }) => name), flags }),
      )
      .concat(rest.faults)
      .join('\n');

  const untilItIs = createUntil({ changed: world.changed, describe });

  const buttonOf = (message: FakeMessage, label: string) =>
    message.components.flatMap(({ components }) => components).find((button) => button.label === label);

  const press = (message: FakeMessage, customId: string, given: SentCommand = {}): FakeInteraction => {
    const channel = world.channels.get(message.channel);
    const data = { custom_id: customId, component_type: ComponentType.Button };
    const at = channel ? { channel } : {};
    return send(InteractionType.MessageComponent, data, { ...at, ...given }, { message: messageJson(message) });
  };

  return {
    world,
    url,
    token,
    garden,
    requests: rest.requests,
    rest,
    faults: rest.faults,
    gateway,
    upload,
    describe,
    get refusedForRate() {
      return rest.limits.refused;
    },
    /** What a bot needs to find this service. */
    environment: { DISCORD_TOKEN: token, DISCORD_API_URL: `${url}/api`, DISCORD_CDN_URL: url },

    trouble(given: Trouble): Trouble {
      rest.troubles.push(given);
      return given;
    },

    animate(picture: Buffer | FakeFile, typed: Typed = {}, given: SentCommand = {}): FakeInteraction {
      const file = Buffer.isBuffer(picture) ? upload(picture) : picture;
      const options_ = toOptions({ prompt: 'she smiles', ...typed });
      const attachment = { name: 'picture', type: 11, value: file.id };
      const resolved = { attachments: { [file.id]: toAttachment(file) }, ...given.resolved };
      return command('animate', [attachment, ...options_], given, resolved);
    },

    command: (name: string, given: SentCommand = {}, typed: Typed = {}) => command(name, toOptions(typed), given),

    administer(verb: string, given: SentCommand & { options?: Record<string, string | boolean | number> } = {}) {
      const { options: typed = {}, ...rest_ } = given;
      const inner = Object.entries(typed).map(([name, value]) => ({
        ...{
          name,
          value,
          type:
            { member: 6, channel: 7, role: 8, seconds: 10, weight: 10 }[name] ??
            { boolean: 5, number: 4, string: 3 }[typeof value as 'string'],
        },
      }));
      const users = typed.member
        ? { [String(typed.member)]: { id: typed.member, username: 'x', discriminator: '0' } }
        : {};
      const roles = typed.role ? { [String(typed.role)]: { id: typed.role, name: 'x', permissions: '0' } } : {};
      return command('animate-admin', [{ name: verb, type: 1, options: inner }], rest_, { users, roles });
    },

    /** A member's own message with pictures. */
    post(files: FakeFile[], channel: FakeChannel = garden): FakeMessage {
      const message: FakeMessage = {
        ...{ id: world.newId(), channel: channel.id, content: 'look', files, components: [], flags: 0, pinged: [] },
        ...{ reference: undefined, nonce: undefined, interaction: undefined, isLoading: false, edits: [] },
      };
      world.messages.set(message.id, message);
      return message;
    },

    /** `more` is what else is in the message. */
    menu(message: FakeMessage, given: SentCommand = {}, more: object = {}): FakeInteraction {
      const resolved = { messages: { [message.id]: { ...messageJson(message), ...more } } };
      const type = ApplicationCommandType.Message;
      const data = { id: '1', name: 'Animate this image', type, target_id: message.id, resolved };
      return send(InteractionType.ApplicationCommand, data, given);
    },

    /** On a member, who has this picture. */
    memberMenu(avatar: string, given: SentCommand = {}, name = 'Animate this avatar'): FakeInteraction {
      const user = { id: BOB.id, username: 'bob', global_name: BOB.name, discriminator: '0', avatar };
      const data = { id: '1', name, type: ApplicationCommandType.User, target_id: BOB.id };
      return send(InteractionType.ApplicationCommand, { ...data, resolved: { users: { [BOB.id]: user } } }, given);
    },

    press(message: FakeMessage, label: string, given: SentCommand = {}): FakeInteraction {
      const button = buttonOf(message, label);
      if (!button) throw new Error(`There is no button "${label}" under: ${message.content}\n${describe()}`);
      return press(message, button.custom_id ?? '', given);
    },

    /** As a client would that still shows an older state of the message. */
    pressById: press,

    /** As another bot with this token answers, to the member alone. */
    refuseFirst(interaction: FakeInteraction, content: string): void {
      rest.acknowledge(interaction, 4, { content, flags: EPHEMERAL }, []);
    },

    /** Sends the form that an interaction was answered with, with these fields changed. */
    submit(from: FakeInteraction, changes: Record<string, string> = {}, given: SentCommand = {}): FakeInteraction {
      const modal = from.modal as unknown as {
        custom_id: string;
        components: {
          component: {
            type: number;
            custom_id: string;
            value?: string;
            options?: { value: string; default?: boolean }[];
          };
        }[];
      };
      const components = modal.components.map(({ component }, index) => {
        const { type, custom_id, value = '', options: choices } = component;
        const picked = changes[custom_id] ?? choices?.find((choice) => choice.default)?.value ?? value;
        const filled = choices ? { values: [picked] } : { value: picked };
        return {
          type: ComponentType.Label,
          id: index * 2 + 1,
          component: { type, custom_id, id: index * 2 + 2, ...filled },
        };
      });
      const channel = world.channels.get(from.channel);
      const at = { ...(channel && { channel }), member: from.member };
      return send(InteractionType.ModalSubmit, { custom_id: modal.custom_id, components }, { ...at, ...given });
    },

    /** The thread that hangs on the answer to a command. */
    threadOf: ({ id }: FakeInteraction) => world.channels.get(world.interactions.get(id)?.original ?? ''),

    /** The messages that answer an interaction, as its member sees them. */
    answersTo: ({ id }: FakeInteraction): FakeMessage[] =>
      [...world.messages.values()].filter(({ interaction }) => interaction === id),

    /** The sentence that only the member sees. */
    async told(interaction: FakeInteraction): Promise<string> {
      return untilItIs(() => {
        const mine = [...world.messages.values()].filter(({ interaction: of }) => of === interaction.id);
        return mine.find(({ flags, isLoading }) => (flags & EPHEMERAL) !== 0 && !isLoading)?.content;
      });
    },

    until: untilItIs,

    /** The status message with the clip, in whatever place. */
    async clipOf(interaction: FakeInteraction): Promise<FakeMessage> {
      return untilItIs(() => {
        const { original = '', id } = world.interactions.get(interaction.id) ?? interaction;
        const mine = [...world.messages.values()].filter(
          (message) => message.channel === original || message.interaction === id || message.id === original,
        );
        return mine.find(({ files }) => files.some(({ name }) => name.endsWith('.mp4')));
      });
    },

    async close(): Promise<void> {
      gateway.close();
      await rest.app.close();
      await sleep(0);
    },
  };
}
