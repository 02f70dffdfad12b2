// What the buttons of a status message do, for whoever may use them.
import type { RenderQueue } from '../queue/queue.ts';
import type { Earlier } from './earlier.ts';
import { wordsOf } from './languages/languages.ts';
import type { Words } from './languages/words.ts';
import type { Moderation } from './moderation.ts';
import type { ButtonPress } from './platform.ts';
import type { Taking } from './taking.ts';

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
    const entry = await earlier.findOwn(press);
    if (press.action !== 'cancel' && press.action !== 'delete') await moderation.requireWelcome(press);
    switch (press.action) {
      case 'again':
        await taking.renew(press, entry, { seed: undefined }, trace);
        return words.onceMore;
      case 'larger':
        await taking.renew(press, entry, { resolution: '720p' }, trace);
        return words.larger;
      case 'extend':
        await taking.renew(press, entry, { seed: undefined }, trace, 'last');
        return words.extended;
      case 'cancel':
        return cancel(press.renderId, words);
      case 'delete':
        await queue.remove(entry);
        return words.deletedNow;
    }
  };
}
