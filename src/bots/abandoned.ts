// Commands whose bot died in the middle and that nobody sends again, such as those of a browser that was closed. What is kept of one
// is brought in line, as if it had come again; of the others nothing stays counted or stored.
import type { Logger } from '../log.ts';
import type { Store } from '../media/store.ts';
import type { Beginning, Beginnings } from '../queue/beginnings.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Admission } from './admission.ts';
import type { Platform } from './platform.ts';
import type { Taking } from './taking.ts';

const LOOK_EVERY_MS = 5000;
/** Browsers and inboxes try again within seconds; who comes later than this begins anew. */
const ABANDONED_AFTER_MS = 60_000;

export interface AbandonedOptions {
  platform: Platform;
  beginnings: Beginnings;
  queue: RenderQueue;
  store: Store;
  taking: Pick<Taking, 'goOn'>;
  admission: Pick<Admission, 'takeBack'>;
  log: Logger;
  now(): number;
}

/**
 * Looks every now and then, until the returned function is called. That waits for nothing: Redis may be away, and what breaks off is
 * gone on with by the next look, in whatever bot.
 */
export function startAbandoned(options: AbandonedOptions): () => void {
  const { platform, beginnings, queue, store, taking, admission, log, now } = options;
  let _looking: Promise<void> | undefined;

  const putRight = async (beginning: Beginning, before: number): Promise<void> => {
    const { id } = beginning;
    const entry = await queue.find(id);
    if (entry && !entry.ref && !entry.outcome) {
      const { openKept } = platform;
      // Where there is an inbox, that has it still.
      if (openKept) await taking.goOn(id, (view) => openKept(entry.record.member, view));
      return;
    }
    if (!entry) {
      if (!(await beginnings.giveUp(beginning, before))) return;
      await Promise.all([store.remove(`pictures/${id}.png`), admission.takeBack(beginning)]);
      log.info({ renderId: id, memberId: beginning.member.id }, 'A command that was not sent again was given up');
    }
    await beginnings.end(beginning);
  };

  const look = async (): Promise<void> => {
    if (!(await beginnings.claim(platform.name, LOOK_EVERY_MS / 2))) return;
    const before = now() - ABANDONED_AFTER_MS;
    // All of them: in an outage an inbox has any number, and those behind them are not to wait for that.
    for (const beginning of await beginnings.listBefore(platform.name, before)) {
      await putRight(beginning, before).catch((error) =>
        log.warn({ err: error, renderId: beginning.id }, 'A command that was not sent again could not be put right'),
      );
    }
  };

  const lookInTurn = (): void => {
    _looking ??= look()
      .catch((error) => log.warn({ err: error }, 'Commands that were not sent again could not be looked for'))
      .finally(() => {
        _looking = undefined;
      });
  };
  const timer = setInterval(lookInTurn, LOOK_EVERY_MS);
  lookInTurn();
  return () => clearInterval(timer);
}
