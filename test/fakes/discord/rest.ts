// The REST routes that the bot uses, with Discord's own refusals. Every body is held to Discord's published schemas.
import multipart from '@fastify/multipart';
import { ChannelType, PermissionFlagsBits as P } from 'discord.js';
import * as schemas from 'discord-api-spec/zod';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Allowance } from './limits.ts';
import { createLimits } from './limits.ts';
import {
  APPLICATION_ID,
  BOT_ID,
  EPHEMERAL,
  type FakeChannel,
  type FakeFile,
  type FakeInteraction,
  type FakeMessage,
  GUILD_ID,
  type World,
} from './world.ts';

/** One answer that is not Discord's usual one. */
export interface Trouble {
  method: string;
  path: RegExp;
  /**
   * `hang` never answers; `late` answers as usual, when `until` resolves; `lost` does what was asked, and its answer is lost;
   * `reset` breaks the connection before anything is done; `cut` does what was asked, and breaks it in the middle of the answer's body.
   */
  status: number | 'hang' | 'late' | 'lost' | 'reset' | 'cut';
  /** Something in front of Discord answers with this page. It says nothing of when to come again. */
  page?: string;
  headers?: Record<string, string>;
  until?: Promise<void>;
  code?: number;
  times: number;
  /** Of requests with files alone. */
  isUpload?: boolean;
  /** Of messages without files alone that say this. */
  says?: RegExp;
}

interface MessageBody {
  content?: string;
  flags?: number;
  components?: FakeMessage['components'];
  attachments?: { id: string | number; description?: string; filename?: string }[];
  allowed_mentions?: { parse?: string[]; users?: string[] };
  nonce?: string;
  enforce_nonce?: boolean;
  message_reference?: { message_id?: string };
}

const REPLY = 4;
const DEFERRED = 5;
const DEFERRED_UPDATE = 6;
const MODAL = 9;
const CALLBACK_SCHEMAS: Record<number, string> = {
  [REPLY]: 'CreateMessageInteractionCallbackRequestSchema',
  [DEFERRED]: 'CreateMessageInteractionCallbackRequestSchema',
  [DEFERRED_UPDATE]: 'UpdateMessageInteractionCallbackRequestSchema',
  [MODAL]: 'ModalInteractionCallbackRequestSchema',
};
const THREAD_TYPES: Partial<Record<ChannelType, ChannelType>> = {
  [ChannelType.GuildText]: ChannelType.PublicThread,
  [ChannelType.GuildAnnouncement]: ChannelType.AnnouncementThread,
};
const ACKNOWLEDGE_WITHIN_MS = 3000;
const LOADING = 128;
/** Of an app that is the member's own, where its server does not have it. */
const MAX_FOREIGN_FOLLOW_UPS = 5;

interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { message: string } };
}

class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const unknown = (what: string, code: number) => new Refusal(404, code, `Unknown ${what}`);

export interface RestOptions {
  world: World;
  token: () => string;
  allowance?: Allowance;
}

export async function serveRest({ world, token, allowance }: RestOptions) {
  const app = fastify({ forceCloseConnections: true, bodyLimit: 2 ** 28 });
  await app.register(multipart, { limits: { fileSize: 2 ** 28, fieldSize: 2 ** 20 } });
  const limits = createLimits(allowance);
  const troubles: Trouble[] = [];
  const requests: { method: string; path: string; at: number; isUpload: boolean }[] = [];
  const faults: string[] = [];
  /** Requests whose answers never arrive. */
  const lost = new WeakSet<FastifyRequest>();
  /** And those of which half arrives. */
  const cut = new WeakSet<FastifyRequest>();
  const nonces = new Map<string, string>();

  const holdTo = (name: string, body: unknown, request: FastifyRequest): void => {
    const { success, error } = (schemas as Record<string, Schema>)[name]?.safeParse(body) ?? { success: false };
    if (success) return;
    faults.push(`${request.method} ${request.url}: ${error?.message}`);
    throw new Refusal(400, 50035, `Invalid Form Body: ${error?.message}`);
  };

  const readBody = async (request: FastifyRequest): Promise<{ body: MessageBody; files: FakeFile[] }> => {
    if (!request.isMultipart()) return { body: (request.body ?? {}) as MessageBody, files: [] };
    let body: MessageBody = {};
    const files: FakeFile[] = [];
    for await (const part of request.parts()) {
      if (part.type === 'field') body = JSON.parse(String(part.value));
      else {
        const id = /\d+/.exec(part.fieldname)?.[0] ?? '0';
        files.push({ id, name: part.filename, bytes: await part.toBuffer(), contentType: part.mimetype });
      }
    }
    if (files.some(({ bytes }) => bytes.length > world.sizeLimit) && !world.broken.has('sizes')) {
      throw new Refusal(413, 40005, 'Request entity too large');
    }
    return { body, files };
  };

  const channelOf = (id: string): FakeChannel => {
    const channel = world.channels.get(id);
    if (!channel) throw unknown('Channel', 10003);
    return channel;
  };
  const requirePermission = (channel: FakeChannel, permission: bigint): void => {
    if (channel.guild === undefined) return;
    if (world.isWithoutBot) throw new Refusal(403, 50001, 'Missing Access');
    if ((channel.permissions & P.ViewChannel) === 0n) throw new Refusal(403, 50001, 'Missing Access');
    if ((channel.permissions & permission) !== permission) throw new Refusal(403, 50013, 'Missing Permissions');
  };
  const requireUnlocked = ({ isLocked }: FakeChannel): void => {
    if (isLocked) throw new Refusal(403, 160005, 'Thread is locked');
  };
  const messageOf = (channel: string, id: string): FakeMessage => {
    const message = world.messages.get(id);
    if (!message || message.channel !== channel) throw unknown('Message', 10008);
    return message;
  };
  const interactionOf = (interactionToken: string): FakeInteraction => {
    const found = [...world.interactions.values()].find((each) => each.token === interactionToken);
    if (!found || found.acknowledgedAfter === undefined) throw unknown('Webhook', 10015);
    if (Date.now() > found.endsAt) throw new Refusal(401, 50027, 'Invalid Webhook Token');
    return found;
  };

  const keepFiles = (body: MessageBody, files: FakeFile[], before: FakeFile[]): FakeFile[] => {
    // On an edit, what is not listed goes; without a list everything stays and what is sent is added.
    if (!body.attachments) return [...before, ...files];
    return body.attachments.flatMap(({ id, description, filename }) => {
      const sent = files.find((file) => file.id === String(id));
      const file = sent
        ? { ...sent, id: world.newId(), name: filename ?? sent.name }
        : before.find((old) => old.id === id);
      if (!file) throw new Refusal(400, 50035, 'Invalid Form Body: attachments');
      world.uploads.set(file.id, file);
      return [{ ...file, ...(description !== undefined && { description }) }];
    });
  };

  const post = (
    channel: string,
    body: MessageBody,
    files: FakeFile[],
    more: Partial<FakeMessage> = {},
  ): FakeMessage => {
    const mentioned = [...(body.content ?? '').matchAll(/<@!?(\d+)>/g)].map(([, id]) => id ?? '');
    const allowed = body.allowed_mentions;
    const isAllowed = (id: string): boolean =>
      world.broken.has('silence') ||
      !allowed ||
      allowed.users?.includes(id) ||
      allowed.parse?.includes('users') ||
      false;
    const pinged = world.broken.has('mentions') ? [] : mentioned.filter(isAllowed);
    const message: FakeMessage = {
      id: world.newId(),
      channel,
      content: body.content ?? '',
      files: keepFiles(body, files, []),
      components: world.broken.has('components') ? [] : (body.components ?? []),
      flags: body.flags ?? 0,
      pinged,
      reference: body.message_reference?.message_id,
      nonce: body.nonce,
      interaction: undefined,
      isLoading: false,
      edits: [],
      ...more,
    };
    world.messages.set(message.id, message);
    world.tell();
    return message;
  };

  const keepOnEdit = (body: MessageBody, files: FakeFile[], before: FakeFile[]): FakeFile[] => {
    if (world.broken.has('edited-files')) return before;
    const kept = keepFiles(body, files, before);
    return world.broken.has('unlisted-files') ? [...before, ...kept] : kept;
  };

  const change = (message: FakeMessage, body: MessageBody, files: FakeFile[]): FakeMessage => {
    const changed: FakeMessage = {
      ...message,
      content: world.broken.has('edited-words') ? message.content : (body.content ?? message.content),
      components: body.components ?? message.components,
      files: keepOnEdit(body, files, message.files),
      isLoading: false,
      edits: [...message.edits, { at: Date.now(), content: body.content ?? message.content }],
    };
    world.messages.set(message.id, changed);
    world.tell();
    return changed;
  };

  const toJson = (message: FakeMessage) => ({
    id: message.id,
    channel_id: message.channel,
    author: { id: BOT_ID, username: 'animate-bot', discriminator: '0', global_name: null, avatar: null, bot: true },
    content: message.content,
    timestamp: new Date().toISOString(),
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: message.pinged.map((id) => ({ id, username: 'someone', discriminator: '0', avatar: null })),
    ...(message.reference !== undefined && {
      message_reference: { type: 0, channel_id: message.channel, message_id: message.reference },
    }),
    mention_roles: [],
    attachments: message.files.map(({ id, name, bytes, description, contentType }) => ({
      ...{ id, filename: name, size: bytes.length, content_type: contentType },
      ...(!world.broken.has('descriptions') && { description }),
      ...{ url: `/attachments/${id}/${name}`, proxy_url: `/attachments/${id}/${name}` },
    })),
    embeds: [],
    pinned: false,
    type: 0,
    flags: message.flags | (message.isLoading ? LOADING : 0),
    components: message.components,
    nonce: message.nonce,
  });

  const acknowledge = (interaction: FakeInteraction, type: number, data: MessageBody, files: FakeFile[]): void => {
    if (interaction.acknowledgedAfter !== undefined)
      throw new Refusal(400, 40060, 'Interaction has already been acknowledged.');
    const after = Date.now() - interaction.sentAt;
    if (after > ACKNOWLEDGE_WITHIN_MS) throw unknown('interaction', 10062);
    // There has to be a message to change, and a form does not open on top of a form.
    if (type === DEFERRED_UPDATE && interaction.source === undefined) throw new Refusal(400, 50035, 'Invalid type');
    if (type === MODAL && interaction.isForm) throw new Refusal(400, 50035, 'Invalid type');
    interaction.acknowledgedAfter = after;
    if (type === REPLY || type === DEFERRED) {
      const more = { interaction: interaction.id, isLoading: type === DEFERRED };
      interaction.original = post(interaction.channel, data, files, more).id;
    }
    // What follows is about the message whose button was pressed.
    if (type === DEFERRED_UPDATE) interaction.original = interaction.source;
    if (type === MODAL) interaction.modal = data as Record<string, unknown>;
    world.tell();
  };

  // The hooks come before the routes: troubles first, then rate limits, then whose token it is.
  app.addHook('preHandler', async (request, reply) => {
    const path = request.url.replace('/api/v10', '');
    const isUpload = request.headers['content-type']?.startsWith('multipart/') ?? false;
    requests.push({ method: request.method, path, at: Date.now(), isUpload });
    world.tell();
    const { content = '' } = (request.body ?? {}) as MessageBody;
    const isMet = ({ times, method, path: of, isUpload: ofUploads, says }: Trouble): boolean =>
      times > 0 &&
      method === request.method &&
      of.test(path) &&
      (isUpload || !ofUploads) &&
      (says === undefined || says.test(content));
    const trouble = troubles.find(isMet);
    if (trouble) {
      trouble.times -= 1;
      world.tell();
      const { status, code = 0, until } = trouble;
      if (status === 'hang') return new Promise(() => undefined);
      if (status === 'late') await until;
      else if (status === 'lost') lost.add(request);
      else if (status === 'cut') cut.add(request);
      else if (status === 'reset') {
        reply.hijack();
        request.raw.socket.destroy();
        return reply;
      } else if (trouble.page !== undefined) {
        return reply
          .code(status)
          .headers({ 'content-type': 'text/html', ...trouble.headers })
          .send(trouble.page);
      } else {
        const headers = status === 429 ? { 'retry-after': '1', 'x-ratelimit-scope': 'shared' } : {};
        return reply.code(status).headers(headers).send({ message: 'Trouble', code, retry_after: 0.2, global: false });
      }
    }
    if (path.startsWith('/attachments')) return;
    const isOfInteraction = /^\/(interactions|webhooks)\//.test(path);
    if (!isOfInteraction && request.headers.authorization !== `Bot ${token()}`) {
      return reply.code(401).send({ message: '401: Unauthorized', code: 0 });
    }
    const major = /^\/(channels|webhooks)\/[^/]+(\/[^/]+)?/.exec(path)?.[0] ?? '';
    const key = path.startsWith('/interactions')
      ? path
      : `${request.method} ${request.routeOptions.url} ${/webhooks/.test(major) ? major : major.split('/').slice(0, 3).join('/')}`;
    if (!limits.allow(reply, key, !isOfInteraction)) return reply;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (cut.has(request) && typeof payload === 'string') {
      const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
      reply.hijack();
      reply.raw.writeHead(reply.statusCode, head);
      reply.raw.write(payload.slice(0, payload.length / 2), () => request.raw.socket.destroy());
      return payload;
    }
    if (!lost.has(request)) return payload;
    reply.hijack();
    request.raw.socket.destroy();
    return payload;
  });
  app.setErrorHandler((error: unknown, request, reply: FastifyReply) => {
    if (error instanceof Refusal) return reply.code(error.status).send({ message: error.message, code: error.code });
    // A bot that is killed in the middle of a request is no fault of what it asked for.
    if (!request.raw.destroyed || request.raw.complete) faults.push(`${request.method} ${request.url}: ${error}`);
    return reply.code(500).send({ message: String(error), code: 0 });
  });
  app.setNotFoundHandler((request, reply) => {
    faults.push(`${request.method} ${request.url}: no such route`);
    return reply.code(404).send({ message: '404: Not Found', code: 0 });
  });

  await app.register(
    async (api) => {
      type WithChannel = { Params: { channel: string } };
      type WithMessage = { Params: { channel: string; message: string } };
      type WithToken = { Params: { token: string; message: string } };

      api.get('/gateway/bot', async (request) => ({
        url: `ws://${request.host}`,
        shards: 1,
        session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: world.maxConcurrency },
      }));
      api.get('/users/@me', async () => ({ id: BOT_ID, username: 'animate-bot', discriminator: '0', bot: true }));
      api.get('/applications/@me', async () => ({ id: APPLICATION_ID, name: 'animate-bot', flags: 0 }));
      api.get('/users/@me/guilds', async () => [
        { id: GUILD_ID, name: 'The garden', permissions: String([...world.channels.values()][0]?.permissions) },
      ]);
      type WithServer = { Params: { guild?: string } };
      for (const route of ['/applications/:id/commands', '/applications/:id/guilds/:guild/commands']) {
        // Discord answers with ids and defaults that it was not told.
        api.get<WithServer>(route, async ({ params: { guild } }) => {
          const commands = guild === undefined ? world.commands : (world.serverCommands.get(guild) ?? []);
          return commands.map((command, index) => ({ id: String(index + 1), version: '1', nsfw: false, ...command }));
        });
        api.put<WithServer>(route, async (request) => {
          const commands = request.body as Record<string, unknown>[];
          for (const { default_member_permissions: permissions, ...command } of commands) {
            // The description has a number there; Discord's documentation has the string that libraries send.
            const told = permissions == null ? {} : { default_member_permissions: Number(permissions) };
            holdTo('ApplicationCommandUpdateRequestSchema', { ...command, ...told }, request);
          }
          const { guild } = request.params;
          if (guild === undefined) world.commands = commands;
          else world.serverCommands.set(guild, commands);
          return commands;
        });
      }

      api.post<{ Params: { id: string; token: string } }>(
        '/interactions/:id/:token/callback',
        async (request, reply) => {
          const { body, files } = await readBody(request);
          const interaction = world.interactions.get(request.params.id);
          if (interaction?.token !== request.params.token) throw unknown('interaction', 10062);
          const { type, data = {} } = body as { type: number; data?: MessageBody };
          holdTo(CALLBACK_SCHEMAS[type] ?? 'no such type', body, request);
          if (![REPLY, DEFERRED, DEFERRED_UPDATE, MODAL].includes(type)) throw new Refusal(400, 50035, 'Invalid type');
          acknowledge(interaction, type, data, files);
          return reply.code(204).send();
        },
      );
      api.post<WithToken>('/webhooks/:application/:token', async (request) => {
        const interaction = interactionOf(request.params.token);
        const { body, files } = await readBody(request);
        holdTo('IncomingWebhookRequestPartialSchema', body, request);
        const waiting = world.messages.get(interaction.original ?? '');
        // What follows a deferred answer takes its place, and is for whom that was.
        if (waiting?.isLoading) return toJson(change(waiting, body, files));
        interaction.followUps += 1;
        if (interaction.isForeign && interaction.followUps > MAX_FOREIGN_FOLLOW_UPS)
          throw new Refusal(400, 40094, 'This interaction has hit the maximum number of follow up messages.');
        // Shown as a reply to the first answer.
        const more = { interaction: interaction.id, reference: interaction.original };
        return toJson(post(interaction.channel, body, files, more));
      });
      const ofWebhook = ({ token: given, message }: WithToken['Params']): FakeMessage => {
        const interaction = interactionOf(given);
        const id = message === '@original' ? interaction.original : message;
        const found = messageOf(interaction.channel, id ?? '');
        // A webhook reaches nothing but its own, and the pressed message only where the answer was to change that.
        if (found.interaction !== interaction.id && found.id !== interaction.original) throw unknown('Message', 10008);
        return found;
      };
      api.get<WithToken>('/webhooks/:application/:token/messages/:message', async ({ params }) =>
        toJson(ofWebhook(params)),
      );
      api.patch<WithToken>('/webhooks/:application/:token/messages/:message', async (request) => {
        const { body, files } = await readBody(request);
        holdTo('IncomingWebhookUpdateRequestPartialSchema', body, request);
        return toJson(change(ofWebhook(request.params), body, files));
      });
      api.delete<WithToken>('/webhooks/:application/:token/messages/:message', async (request, reply) => {
        world.messages.delete(ofWebhook(request.params).id);
        world.tell();
        return reply.code(204).send();
      });

      api.get<WithChannel>('/channels/:channel/messages', async ({ params }) => {
        const channel = channelOf(params.channel);
        requirePermission(channel, 0n);
        // Whoever may not read what was there reads that nothing is.
        if (channel.guild !== undefined && (channel.permissions & P.ReadMessageHistory) === 0n) return [];
        return world.messagesIn(params.channel).reverse().map(toJson);
      });
      api.post<WithChannel>('/channels/:channel/messages', async (request) => {
        const channel = channelOf(request.params.channel);
        const { body, files } = await readBody(request);
        holdTo('MessageCreateRequestSchema', body, request);
        requirePermission(channel, channel.parent ? P.SendMessagesInThreads : P.SendMessages);
        requireUnlocked(channel);
        if (files.length > 0) requirePermission(channel, P.AttachFiles);
        const mayRead = channel.guild === undefined || (channel.permissions & P.ReadMessageHistory) !== 0n;
        if (body.message_reference && !mayRead)
          throw new Refusal(403, 160002, 'Cannot reply without permission to read message history');
        if (channel.recipient !== undefined && world.strangers.has(channel.recipient))
          throw new Refusal(403, 50278, 'Cannot send messages to this user due to having no mutual guilds');
        const known = body.enforce_nonce && nonces.get(`${channel.id}:${body.nonce}`);
        if (known && world.messages.has(known) && !world.broken.has('nonces'))
          return toJson(messageOf(channel.id, known));
        const message = post(channel.id, body, files);
        if (body.nonce) nonces.set(`${channel.id}:${body.nonce}`, message.id);
        return toJson(message);
      });
      api.patch<WithMessage>('/channels/:channel/messages/:message', async (request) => {
        const channel = channelOf(request.params.channel);
        const { body, files } = await readBody(request);
        holdTo('MessageEditRequestPartialSchema', body, request);
        const message = messageOf(channel.id, request.params.message);
        requirePermission(channel, 0n);
        if (files.length > 0) requirePermission(channel, P.AttachFiles);
        requireUnlocked(channel);
        if (channel.isArchived && !world.broken.has('archives')) throw new Refusal(400, 50083, 'Thread is archived');
        if (message.flags & EPHEMERAL) throw unknown('Message', 10008);
        return toJson(change(message, body, files));
      });
      api.delete<WithMessage>('/channels/:channel/messages/:message', async (request, reply) => {
        requirePermission(channelOf(request.params.channel), 0n);
        const { id } = messageOf(request.params.channel, request.params.message);
        if (!world.broken.has('deletions')) world.messages.delete(id);
        world.tell();
        return reply.code(204).send();
      });
      api.post<WithMessage>('/channels/:channel/messages/:message/threads', async (request) => {
        const channel = channelOf(request.params.channel);
        holdTo('CreateTextThreadWithMessageRequestSchema', request.body, request);
        const { id } = messageOf(channel.id, request.params.message);
        requirePermission(channel, P.CreatePublicThreads);
        const threadType = THREAD_TYPES[channel.type];
        if (threadType === undefined) throw new Refusal(400, 50024, 'Cannot execute action on this channel type');
        if (world.channels.has(id) && !world.broken.has('one-thread'))
          throw new Refusal(400, 160004, 'A thread has already been created for this message');
        const { name } = request.body as { name: string };
        const { guild, permissions } = channel;
        const isOther = world.broken.has('thread-ids') || world.channels.has(id);
        const thread = {
          id: isOther ? world.newId() : id,
          type: threadType,
          name,
          guild,
          parent: channel.id,
          permissions,
        };
        world.addChannel(thread);
        world.tell();
        return { id: thread.id, type: thread.type, name, parent_id: channel.id, guild_id: guild };
      });
      api.get<WithChannel>('/channels/:channel', async ({ params }) => {
        const { id, type, name, guild } = channelOf(params.channel);
        return { id, type, name, ...(guild !== undefined && { guild_id: guild }) };
      });
      api.delete<WithChannel>('/channels/:channel', async ({ params }) => {
        const channel = channelOf(params.channel);
        requirePermission(channel, channel.parent ? P.ManageThreads : P.ManageChannels);
        world.channels.delete(channel.id);
        for (const { id } of world.messagesIn(channel.id)) world.messages.delete(id);
        world.tell();
        return { id: channel.id, type: channel.type };
      });
      api.get<{ Params: { guild: string } }>('/guilds/:guild', async ({ params }) => {
        if (params.guild !== GUILD_ID || world.isWithoutBot) throw unknown('Guild', 10004);
        return { id: GUILD_ID, name: 'The garden', premium_tier: world.boosts };
      });
      api.patch<WithChannel>('/channels/:channel', async (request) => {
        holdTo('UpdateThreadRequestPartialSchema', request.body, request);
        const channel = channelOf(request.params.channel);
        // Whoever may write in a thread may open it again, unless it is locked.
        requirePermission(channel, channel.isLocked ? P.ManageThreads : P.SendMessagesInThreads);
        channel.isArchived = (request.body as { archived?: boolean }).archived ?? channel.isArchived ?? false;
        return { id: channel.id, type: channel.type };
      });
      api.post('/users/@me/channels', async (request) => {
        holdTo('CreatePrivateChannelRequestSchema', request.body, request);
        const { recipient_id: recipient } = request.body as { recipient_id: string };
        const channel = world.directChannelOf(recipient);
        return { id: channel.id, type: ChannelType.DM };
      });
    },
    { prefix: '/api/v10' },
  );
  app.get<{ Params: { id: string } }>('/attachments/:id/:name', async ({ params }, reply) => {
    const file = world.uploads.get(params.id);
    return file ? reply.type(file.contentType).send(file.bytes) : reply.code(404).send('gone');
  });

  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, limits, troubles, requests, faults, acknowledge };
}
