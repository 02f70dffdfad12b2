// How many uploads the page holds in memory at once, from all and from one. Those beyond wait before a byte of theirs is read.
import { createPlaces, type Places } from './places.ts';

/** Each holds a picture of at most MAX_PICTURE_BYTES while it comes in. */
const MAX_COMING_IN = 8;
/** From its first byte until its command is taken or refused. Browsers without a cookie yet share one. */
const MAX_OF_ONE = 4;
const WAIT_MS = 30_000;

export type UploadPlaces = ReturnType<typeof createUploadPlaces>;

export function createUploadPlaces({ waitMs = WAIT_MS } = {}) {
  const comingIn = createPlaces(MAX_COMING_IN);
  const ofOne = new Map<string, Places>();

  return {
    /** Undefined where it would have to wait too long. `arrived` is called once all of it is there, `end` once it is done with. */
    async take(member: string): Promise<{ arrived(): void; end(): void } | undefined> {
      const own = ofOne.get(member) ?? createPlaces(MAX_OF_ONE);
      ofOne.set(member, own);
      const giveOwn = await own.take(waitMs);
      if (!giveOwn) return undefined;
      const end = (): void => {
        giveOwn();
        if (own.isIdle()) ofOne.delete(member);
      };
      const giveComing = await comingIn.take(waitMs);
      if (giveComing) return { arrived: giveComing, end: () => [giveComing, end].forEach((give) => void give()) };
      end();
      return undefined;
    },
  };
}
