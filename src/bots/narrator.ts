// When a status message is redrawn: after every change, but never more often than the platform likes, and only if it reads differently.
import type { Logger } from '../log.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { InOrder } from './in-order.ts';
import type { Platform } from './platform.ts';
import { toView, type View } from './view.ts';

/** The line moves with every render that starts; places are told at most this often. */
const TELL_PLACES_EVERY_MS = 1000;

/** Workers that come, go or have loaded their engine are no event: the waiting are told at least this often. */
const LOOK_AGAIN_EVERY_MS = 5000;

/** An end that nobody heard of (Redis was away, the outcome came after the last redraw) is found within this time. */
const LOOK_AT_EACH_EVERY_MS = 60_000;

/** A countdown that is off by less than this is not worth an edit. */
const READY_AT_TOLERANCE_MS = 3000;

interface Told {
  view: View | undefined;
  at: number;
  timer: NodeJS.Timeout | undefined;
  /** When the timer ends. */
  dueAt: number;
}

export interface NarratorOptions {
  platform: Pick<Platform, 'update'>;
  queue: Pick<RenderQueue, 'find' | 'status' | 'tellAgain'>;
  inOrder: InOrder;
  /** By what the message shows now, and how many messages are followed. */
  redrawEveryMs(view: View | undefined, followed: number): number;
  log: Logger;
  now?: () => number;
}

export type Narrator = ReturnType<typeof createNarrator>;

export function createNarrator({ platform, queue, inOrder, redrawEveryMs, log, now = Date.now }: NarratorOptions) {
  const renders = new Map<string, Told>();
  let placesTimer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const redraw = async (id: string, told: Told): Promise<void> => {
    const entry = await queue.find(id);
    // The outcome is told by its delivery, which also survives this process.
    if (!entry?.ref || entry.outcome) return void renders.delete(id);
    const { ref } = entry;
    const view = toView(entry, await queue.status(entry), now());
    if (!readsDifferently(told.view, view)) return;
    await showBeforeEnd(id, () => platform.update(ref, view));
    told.view = view;
  };

  /** Another bot may deliver the outcome at any moment: what then comes late is covered by the outcome once more. */
  const showBeforeEnd = async (id: string, show: () => Promise<void>): Promise<void> => {
    try {
      await show();
    } finally {
      const entry = await queue.find(id);
      if (entry?.outcome && entry.outcome.kind !== 'deleted') await queue.tellAgain(entry);
    }
  };

  /** `redrawEveryMs` of what is shown holds for a line that moves; a change of the render itself is told sooner. */
  const schedule = (id: string, view?: View): void => {
    const told = renders.get(id);
    if (!told || isStopped) return;
    const dueAt = told.at + redrawEveryMs(view, renders.size);
    if (told.timer && told.dueAt <= dueAt) return;
    clearTimeout(told.timer);
    told.dueAt = dueAt;
    told.timer = setTimeout(
      () => {
        told.timer = undefined;
        told.at = now();
        inOrder(id, () => redraw(id, told)).catch((error) =>
          log.warn({ renderId: id, err: error }, 'A status message could not be updated'),
        );
      },
      Math.max(0, dueAt - now()),
    );
  };

  const tellPlaces = (): void => {
    placesTimer ??= setTimeout(() => {
      placesTimer = undefined;
      for (const [id, { view }] of renders) if (!view || view.kind === 'waiting') schedule(id, view);
    }, TELL_PLACES_EVERY_MS);
  };
  const lookAtEach = (): void => {
    for (const [id, { at }] of renders) if (now() - at >= LOOK_AT_EACH_EVERY_MS) schedule(id);
  };
  const lookAgain = setInterval(() => {
    tellPlaces();
    lookAtEach();
  }, LOOK_AGAIN_EVERY_MS);

  return {
    /** From now on this render's message is kept up to date, until its outcome is delivered. */
    follow(id: string): void {
      if (!renders.has(id)) renders.set(id, { view: undefined, at: 0, timer: undefined, dueAt: 0 });
      schedule(id);
    },

    /** For what was held back since it was known that the render goes on. */
    async whileUnderWay(id: string, show: () => Promise<void>): Promise<void> {
      if (!(await queue.find(id))?.outcome) await showBeforeEnd(id, show);
    },

    onChange: (id: string): void => schedule(id),

    onLineMoved: tellPlaces,

    stop(): void {
      isStopped = true;
      clearInterval(lookAgain);
      clearTimeout(placesTimer);
      for (const { timer } of renders.values()) clearTimeout(timer);
      renders.clear();
    },
  };
}

function readsDifferently(before: View | undefined, after: View): boolean {
  if (!before) return true;
  const isCountdownOff = Math.abs((before.readyAt ?? 0) - (after.readyAt ?? 0)) > READY_AT_TOLERANCE_MS;
  const words = ({ kind, headline, detail, fraction }: View) => JSON.stringify([kind, headline, detail, fraction]);
  return isCountdownOff || words(before) !== words(after);
}
