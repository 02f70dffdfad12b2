// What is kept of a member, cut into what a chat service takes: a few messages with a few files each. What does not fit is named in
// export.json, with an address where the store has one.
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Store } from '../media/store.ts';
import { refusal } from '../refusals.ts';
import type { InOrder } from './in-order.ts';
import { wordsOf } from './languages/languages.ts';
import type { Handlers, Kept, Parcel } from './platform.ts';

/** Both services take ten files in a message. */
const MAX_FILES_PER_PARCEL = 10;
const MAX_PARCELS = 10;
const LINK_SECONDS = 24 * 3600;
/** From one to the next: each is read and sent whole. */
export const PARCELS_EVERY_MS = 10 * 60_000;

export interface ParcelsOptions {
  kept: Handlers['kept'];
  store: Pick<Store, 'read' | 'size' | 'link'>;
  /** True for the first within the time. */
  claim(memberId: string, milliseconds: number): Promise<boolean>;
  release(memberId: string): Promise<void>;
  inOrder: InOrder;
}

export function createParcels(options: ParcelsOptions): Handlers['sendKept'] {
  const { kept, store, claim, release, inOrder } = options;

  /** The keys of each parcel, and those that fit in none. */
  const plan = async (files: string[], maxBytes: number) => {
    const parcels: string[][] = [];
    const leftOut: string[] = [];
    // The first has export.json with it.
    let room = { files: 0, bytes: 0 };
    for (const key of files) {
      const size = await store.size(key);
      if (size === undefined) continue;
      if (room.files === 0 || room.bytes < size) {
        if (size > maxBytes || parcels.length === MAX_PARCELS) {
          leftOut.push(key);
          continue;
        }
        parcels.push([]);
        room = { files: MAX_FILES_PER_PARCEL, bytes: maxBytes };
      }
      parcels.at(-1)?.push(key);
      room = { files: room.files - 1, bytes: room.bytes - size };
    }
    return { parcels, leftOut };
  };

  const describe = async ({ document }: Kept, leftOut: string[]): Promise<Parcel['files'][number]> => {
    const notSent = await Promise.all(
      leftOut.map(async (file) => ({ file, link: await store.link(file, LINK_SECONDS) })),
    );
    const bytes = Buffer.from(JSON.stringify({ ...document, notSent }, undefined, 2));
    return { name: 'export.json', bytes };
  };

  /** Undefined where it was deleted meanwhile. */
  const read = async (key: string): Promise<Parcel['files'][number] | undefined> => {
    const stored = await store.read(key);
    return stored && { name: key.replace('/', '-'), bytes: await buffer(stored.stream) };
  };

  const send: Handlers['sendKept'] = async ({ member, language, maxBytes, sent }) => {
    const { trust } = wordsOf(language);
    const all = await kept({ member });
    const { parcels, leftOut } = await plan(all.files, maxBytes);
    const written = await describe(all, leftOut);
    const isLarge = written.bytes.length > maxBytes;
    await sent({ files: [isLarge ? await zipped(written) : written] });
    for (const keys of parcels) {
      const files = await Promise.all(keys.map(read));
      await sent({ files: files.filter((file) => file !== undefined) });
    }
    const count = parcels.flat().length;
    return [trust.exported(count), ...(leftOut.length > 0 ? [trust.exportLeftOut(leftOut.length)] : [])].join(' ');
  };

  return async (asked) => {
    const { id } = asked.member;
    if (!(await claim(id, PARCELS_EVERY_MS))) {
      throw refusal('exported_lately', { minutes: PARCELS_EVERY_MS / 60_000 });
    }
    try {
      // One after the other, because each holds as many bytes as a message takes.
      return await inOrder('parcels', () => send(asked));
    } catch (error) {
      await release(id);
      throw error;
    }
  };
}

async function zipped({ name, bytes }: Parcel['files'][number]) {
  return { name: `${name}.gz`, bytes: await promisify(gzip)(bytes) };
}
