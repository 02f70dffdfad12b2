// What the buttons of a status message do, for whoever may use them.
import type { RenderQueue } from '../queue/queue.ts';
import type { Earlier } from './earlier.ts';
import { wordsOf } from './languages/languages.ts';
import type { Words } from './languages/words.ts';
import type { Moderation } from './moderation.ts';
import type { ButtonPress } from './platform.ts';
import type { Taking } from './taking.ts';

/** The buttons that make another render: what they change, and which picture it begins with. */
const RENEWALS = {
  again: { changes: { seed: undefined }, which: 'first', sentence: 'onceMore' },
  larger: { changes: { resolution: '720p' }, which: 'first', sentence: 'larger' },
  extend: { changes: { seed: undefined }, which: 'last', sentence: 'extended' },
} as const;

export interface ButtonsOptions {
  queue: RenderQueue;
  earlier: Earlier;
  moderation: Moderation;
  taking: Taking;
}

/** The returned function resolves to the sentence that tells what happened. */
export function createButtons({ queue, earlier, moderation, taking }: ButtonsOptions) {
  const cancel = async (renderId: string, words: Words): Promise<string> => {
    const answer = await queue.cancel(renderId);
    switch (answer) {
      case 'unknown':
      case 'ended':
        return words.nothingToCancel;
      case 'removed':
        return words.cancelledInTime;
      case 'stopping':
        return words.stopping;
    }
  };

  return async (press: ButtonPress, trace: string | undefined): Promise<string> => {
    const words = wordsOf(press.language);
    const { action } = press;
    if (action === 'cancel' || action === 'delete') {
      const entry = await earlier.findFor(press, press.renderId);
      if (action === 'cancel') return cancel(press.renderId, words);
      await queue.remove(entry);
      return words.deletedNow;
    }
    const { changes, which, sentence } = RENEWALS[action];
    if (!(await taking.resume(press))) {
      const entry = await earlier.findFor(press, press.renderId);
      await moderation.requireWelcome(press);
      await taking.renew(press, entry, changes, trace, which);
    }
    return words[sentence];
  };
}
