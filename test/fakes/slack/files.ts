// files.*: uploads in three steps, whose share in a channel comes later than the answer, and downloads for the token alone.
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { faultsOfBlocks, withIds } from './block-kit.ts';
import { echo } from './chat.ts';
import { toFileJson } from './file-json.ts';
import { type Methods, Refusal, refuseArguments, type Service, visibleChannel } from './method.ts';
import type { FakeFile, FakeTeam, Json } from './world.ts';

const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Garden</body></html>';
const LONGEST_ALT_TEXT = 1000;

/** What is known of a file by its name, until somebody looks inside. */
const TYPES: Record<string, string> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp' },
  ...{ heic: 'image/heic', mp4: 'video/mp4', txt: 'text/plain' },
};

export const typeOf = (name: string): string =>
  TYPES[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';

export function canSee({ world }: Service, team: FakeTeam, file: FakeFile): boolean {
  if (file.team !== team.id || file.state === 'deleted') return false;
  if (file.user === team.botUserId) return true;
  const isShared = file.shares.some(({ channel }) => {
    const known = world.channels.get(channel);
    return known?.hasBot || known?.kind === 'public';
  });
  return file.isGiven || isShared;
}

export function createFiles(service: Service, shareDelayMs: number) {
  const { world } = service;
  const waiting: (() => void)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let isHeld = false;

  /** The share comes when Slack has looked at the file: after a while, or when told so. */
  const later = (share: () => void): void => {
    if (isHeld) {
      waiting.push(share);
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      share();
    }, shareDelayMs);
    timers.add(timer);
  };

  const share = (team: FakeTeam, files: FakeFile[], channel: string, given: Json): void => {
    const {
      thread_ts: thread,
      initial_comment: comment = '',
      blocks = [],
    } = given as {
      thread_ts?: string;
      initial_comment?: string;
      blocks?: Json[];
    };
    const ts = world.newTs();
    const place = world.broken.has('share-threads') ? undefined : thread;
    // Slack loses the share of what is no picture but has an alternative text, and says nothing: python-slack-sdk#1818.
    const isLost = ({ name, altText }: FakeFile) => altText !== undefined && !typeOf(name).startsWith('image/');
    const there = files.filter((file) => file.state === 'complete' && !isLost(file));
    for (const file of there) {
      file.mimetype = typeOf(file.name);
      file.shares.push({ channel, ts, thread: place });
    }
    if (there.length === 0) return;
    const message = world.keep({
      ...{ ts, channel, thread: place, user: team.botUserId, isFromBot: true, subtype: 'file_share', text: comment },
      ...{ blocks: comment ? [] : withIds(blocks, () => world.newId('')), metadata: undefined, files: there },
      ...{ reactions: [], edits: [] },
    });
    echo(service, message);
  };

  const methods: Methods = {
    'files.info': {
      tier: 'tier4',
      scopes: ['files:read'],
      arguments: { file: 'text!', count: 'number', cursor: 'text', limit: 'number', page: 'number' },
      run({ team, given }) {
        const file = world.files.get(given.file);
        if (file?.state === 'deleted') throw new Refusal('file_deleted');
        if (!file || !canSee(service, team, file)) throw new Refusal('file_not_found');
        return { file: toFileJson(service, { ...file, isForeign: false }), comments: [], content_html: null };
      },
    },

    'files.getUploadURLExternal': {
      tier: 'tier4',
      scopes: ['files:write'],
      // The SDK says alt_text where the documentation says alt_txt.
      arguments: { filename: 'text!', length: 'number!', alt_txt: 'text', alt_text: 'text', snippet_type: 'text' },
      run({ team, given }) {
        if (!Number.isInteger(given.length) || given.length < 1) {
          throw refuseArguments('invalid_arguments', ['[ERROR] must be greater than 0 [json-pointer:/length]']);
        }
        const altText = given.alt_txt ?? given.alt_text;
        if ((altText?.length ?? 0) > LONGEST_ALT_TEXT) throw new Refusal('alt_txt_too_large', {}, true);
        const file: FakeFile = {
          ...{ id: world.newId('F'), team: team.id, name: given.filename, title: given.filename, mimetype: '' },
          bytes: Buffer.alloc(given.length),
          user: team.botUserId,
          altText,
          createdAt: Math.floor(Date.now() / 1000),
          ...{ shares: [], state: 'promised', isGiven: false, isForeign: false, address: undefined },
        };
        world.files.set(file.id, file);
        return { upload_url: `${service.url()}/upload/v1/${file.id}`, file_id: file.id };
      },
    },

    'files.completeUploadExternal': {
      tier: 'tier4',
      scopes: ['files:write'],
      arguments: {
        ...{ files: 'json!', channel_id: 'text', channels: 'text', thread_ts: 'text', initial_comment: 'text' },
        ...{ blocks: 'json', highlight_type: 'text' },
      },
      run({ team, given }) {
        const listed: { id: string; title?: string }[] = given.files;
        if (!Array.isArray(listed) || listed.length === 0) {
          throw refuseArguments('invalid_arguments', ['[ERROR] must provide files']);
        }
        const files = listed.map(({ id, title }) => {
          const file = world.files.get(id);
          if (file?.state !== 'sent' || file.team !== team.id) throw new Refusal('file_not_found');
          return { file, title: title ?? file.name };
        });
        const addresses: string[] = given.channel_id ? [given.channel_id] : (given.channels?.split(',') ?? []);
        if (given.thread_ts && addresses.length !== 1) {
          throw refuseArguments('invalid_arguments', ['[ERROR] thread_ts needs exactly one channel']);
        }
        const places = addresses.map((id) => {
          const channel = visibleChannel(world, team, id);
          if (!channel.hasBot) throw new Refusal('not_in_channel');
          if (channel.isArchived || channel.lockedThreads.includes(given.thread_ts)) {
            throw new Refusal('posting_to_channel_denied');
          }
          if (given.thread_ts && world.message(channel.id, given.thread_ts)?.thread !== undefined) {
            throw refuseArguments('invalid_arguments', ["[ERROR] thread_ts is a reply's: use its parent's instead"]);
          }
          return channel;
        });
        if (given.blocks !== undefined && !given.initial_comment) {
          const faults = faultsOfBlocks(given.blocks);
          if (faults.length > 0) throw refuseArguments('invalid_blocks', faults);
          // Since September 2026; with chat.postMessage they are fine.
          if (given.blocks.some(({ type }: Json) => type === 'markdown')) throw new Refusal('internal_error', {}, true);
        }
        for (const { file, title } of files) Object.assign(file, { title, state: 'complete' });
        const whole = files.map(({ file }) => file);
        for (const { id } of places) later(() => share(team, whole, id, given));
        world.tell();
        return { files: whole.map((file) => toFileJson(service, file)) };
      },
    },

    'files.delete': {
      tier: 'tier3',
      scopes: ['files:write'],
      arguments: { file: 'text!' },
      run({ team, given }) {
        const file = world.files.get(given.file);
        if (file?.state === 'deleted') throw new Refusal('file_deleted');
        if (!file || !canSee(service, team, file)) throw new Refusal('file_not_found');
        if (file.user !== team.botUserId) throw new Refusal('cant_delete_file');
        if (world.broken.has('file-deletions')) return {};
        file.state = 'deleted';
        for (const message of world.messages.values()) {
          if (message.files.includes(file))
            world.keep({ ...message, files: message.files.filter((each) => each !== file) });
        }
        return {};
      },
    },
  };

  const readBytes = async (request: FastifyRequest): Promise<Buffer> => {
    if (!request.isMultipart()) return request.body as Buffer;
    const part = await request.file();
    return part ? part.toBuffer() : Buffer.alloc(0);
  };

  return {
    methods,

    async addRoutes(app: FastifyInstance, tokenOf: (request: FastifyRequest) => FakeTeam | undefined): Promise<void> {
      await app.register(multipart, { limits: { fileSize: 2 ** 28 } });
      app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

      app.post<{ Params: { id: string } }>('/upload/v1/:id', async (request, reply) => {
        const file = world.files.get(request.params.id);
        const bytes = await readBytes(request);
        if (file?.state !== 'promised') return reply.code(404).send('not found');
        if (bytes.length !== file.bytes.length) {
          return reply.code(400).send(`expected ${file.bytes.length} bytes, got ${bytes.length}`);
        }
        Object.assign(file, { bytes, state: 'sent' });
        world.tell();
        return reply.type('text/plain').send(`OK - ${bytes.length}`);
      });

      for (const route of ['/files-pri/:place/:name', '/files-pri/:place/download/:name']) {
        app.get<{ Params: { place: string } }>(route, async (request, reply) => {
          const file = world.files.get(request.params.place.split('-')[1] ?? '');
          const team = tokenOf(request);
          // Whom Slack does not know it asks to sign in, and says 200.
          if (!team?.scopes.includes('files:read') || (file && file.team !== team.id)) {
            return reply.type('text/html; charset=utf-8').send(LOGIN_PAGE);
          }
          if (!file || !canSee(service, team, file))
            return reply.code(404).type('text/html').send('<html>Not found</html>');
          return reply.type(file.mimetype).send(file.bytes);
        });
      }
    },

    /** From now on, what is uploaded is not seen in its channel before `releaseShares`. */
    holdShares(): void {
      isHeld = true;
    },

    releaseShares(): void {
      isHeld = false;
      for (const each of waiting.splice(0)) each();
    },

    close(): void {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
