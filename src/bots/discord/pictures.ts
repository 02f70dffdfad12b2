// Where the pictures of a message are, whatever it is made of, and those of a member. From the event as Discord sent it: nothing in it
// is believed to be there, or to be of the kind that is documented.
import { extensionOf, mayBePicture } from '../../media/picture-kinds.ts';
import type { Words } from '../languages/words.ts';

export interface MessagePicture {
  url: string;
  name: string;
  /** Its sender hid it behind a click. */
  isSpoiler?: boolean;
  /** Uploaded with this very command, and not taken from a message. */
  isOwn?: boolean;
  /** In bytes, where Discord tells it. */
  size?: number;
}

/** Where Discord keeps what was uploaded to it, and where it shows what was not. */
const MEDIA_HOSTS = [/^cdn\.discordapp\.com$/, /^media\.discordapp\.net$/, /^images-ext-\d{1,2}\.discordapp\.net$/];
const CDN = 'https://cdn.discordapp.com';

/** Messages that are quoted in messages that are quoted; components in components. */
const MAX_DEPTH = 4;
/** Discord's own limits are lower; what a proxy sends may be anything. */
const MAX_PICTURES = 25;
const MAX_EACH = 50;

/** https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags */
const IS_SPOILER = 1 << 3;
/** PNG, APNG and GIF; a Lottie file is no picture. https://docs.discord.com/developers/resources/sticker#sticker-object */
const STICKER_FILES: Record<number, string> = { 1: 'png', 2: 'png', 4: 'gif' };
const UNUSABLE = /svg|tif|jxl|jp2|jpx|ico|psd|photoshop/i;
const EMOJI = /<a?:(\w{1,40}):(\d{15,22})>/g;
const ID = /^\d{15,22}$/;
const HASH = /^(a_)?[0-9a-f]{8,64}$/;

export type PictureFinder = ReturnType<typeof createPictureFinder>;

export function isMediaHost({ protocol, port, hostname }: URL): boolean {
  return protocol === 'https:' && port === '' && MEDIA_HOSTS.some((host) => host.test(hostname));
}

/** `cdnUrl` is where Discord's media are instead, when Discord itself is somewhere else. */
export function createPictureFinder(cdnUrl: string | undefined) {
  const cdn = cdnUrl === undefined ? CDN : new URL(cdnUrl).origin;

  const isOurs = (address: unknown): address is string => {
    if (typeof address !== 'string' || !URL.canParse(address)) return false;
    const url = new URL(address);
    return url.origin === cdn || isMediaHost(url);
  };

  /** Discord's own copy of a picture that a message shows. */
  const shown = (media: unknown, name: string, isSpoiler = false): MessagePicture[] => {
    const { url, proxy_url: proxy, content_type: type } = toObject(media);
    const address = [url, proxy].find(isOurs);
    if (address === undefined || (typeof type === 'string' && !mayBePicture({ contentType: type }))) return [];
    return [{ url: address, name, ...(isSpoiler && { isSpoiler }) }];
  };

  const attached = (attachment: unknown): MessagePicture[] => {
    const { url, filename, content_type: type, size, flags } = toObject(attachment);
    const name = typeof filename === 'string' ? filename : 'picture';
    const contentType = typeof type === 'string' ? type : undefined;
    if (!isOurs(url) || !isUsable(contentType, name)) return [];
    const isSpoiler = hasSpoiler(flags, name);
    return [{ url, name, ...(isSpoiler && { isSpoiler }), ...(typeof size === 'number' && { size }) }];
  };

  const inComponents = (components: unknown, words: Words, depth: number): MessagePicture[] => {
    if (depth > MAX_DEPTH) return [];
    return toArray(components).flatMap((given) => {
      const component = toObject(given);
      const { media, items, accessory, spoiler, description } = component;
      const isHidden = spoiler === true;
      const name = typeof description === 'string' && description !== '' ? description : words.discord.embed;
      const found = [
        ...shown(media, name, isHidden),
        ...inComponents(items, words, depth + 1),
        ...inComponents(component.components, words, depth + 1),
        ...(accessory === undefined ? [] : inComponents([accessory], words, depth + 1)),
      ];
      // What is in a container that is hidden is hidden with it.
      return isHidden ? found.map((picture) => ({ ...picture, isSpoiler: true })) : found;
    });
  };

  const stickersOf = (stickers: unknown, words: Words): MessagePicture[] =>
    toArray(stickers).flatMap((sticker) => {
      const { id, name, format_type: format } = toObject(sticker);
      const file = STICKER_FILES[Number(format)];
      if (file === undefined || typeof id !== 'string' || !ID.test(id)) return [];
      // Discord gives GIFs from its media host alone.
      const from = file === 'gif' && cdn === CDN ? 'https://media.discordapp.net' : cdn;
      return [{ url: `${from}/stickers/${id}.${file}`, name: `${words.discord.sticker} ${toText(name)}`.trim() }];
    });

  const emojisIn = (content: unknown, words: Words): MessagePicture[] =>
    [...toText(content).matchAll(EMOJI)].slice(0, MAX_EACH).map(([, name, id]) => ({
      // Of one that moves, this is the first frame.
      url: `${cdn}/emojis/${id}.png`,
      name: `${words.discord.emoji} :${name}:`,
    }));

  const inMessage = (given: unknown, words: Words, depth: number): MessagePicture[] => {
    if (depth > MAX_DEPTH) return [];
    const message = toObject(given);
    const embeds = toArray(message.embeds).map(toObject);
    return [
      ...toArray(message.attachments).flatMap(attached),
      ...inComponents(message.components, words, 0),
      ...toArray(message.message_snapshots).flatMap((each) => inMessage(toObject(each).message, words, depth + 1)),
      ...embeds.flatMap(({ image, thumbnail, title }) => {
        const name = `${words.discord.embed} ${toText(title)}`.trim();
        const large = shown(image, name);
        return large.length > 0 ? large : shown(thumbnail, name);
      }),
      ...stickersOf(message.sticker_items, words),
      ...emojisIn(message.content, words),
      ...inMessage(message.referenced_message, words, depth + 1),
    ];
  };

  return {
    isOurs,

    /** The most likely first: attached to it, shown in it, forwarded with it; then those of the message that it replies to. */
    ofMessage(message: unknown, words: Words): MessagePicture[] {
      const found = new Map<string, MessagePicture>();
      for (const picture of inMessage(message, words, 0)) if (!found.has(picture.url)) found.set(picture.url, picture);
      return [...found.values()].slice(0, MAX_PICTURES);
    },

    /** Of a member in that server, or of a user; their still picture. */
    ofMember(user: unknown, member: unknown, server: string | undefined, words: Words): MessagePicture | undefined {
      const { id, avatar, username, global_name: name } = toObject(user);
      if (typeof id !== 'string' || !ID.test(id)) return undefined;
      const own = toObject(member).avatar;
      const path =
        typeof own === 'string' && HASH.test(own) && server !== undefined
          ? `guilds/${server}/users/${id}/avatars/${own}`
          : typeof avatar === 'string' && HASH.test(avatar)
            ? `avatars/${id}/${avatar}`
            : `embed/avatars/${(BigInt(id) >> 22n) % 6n}`;
      const size = path.startsWith('embed') ? '' : '?size=1024';
      return { url: `${cdn}/${path}.png${size}`, name: words.discord.avatarOf(toText(name) || toText(username)) };
    },
  };
}

/** Whether somebody hid a file of that message behind a click. */
export function hasSpoilers(message: unknown): boolean {
  return toArray(toObject(message).attachments).some((attachment) => {
    const { flags, filename } = toObject(attachment);
    return hasSpoiler(flags, toText(filename));
  });
}

export function hasSpoiler(flags: unknown, filename: string): boolean {
  return (Number(flags) & IS_SPOILER) !== 0 || filename.startsWith('SPOILER_');
}

/** A form is not worth filling in for what the bot cannot open. */
function isUsable(contentType: string | undefined, filename: string): boolean {
  return mayBePicture({ contentType, filename }) && !UNUSABLE.test(contentType || extensionOf(filename));
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function toArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_EACH) : [];
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
