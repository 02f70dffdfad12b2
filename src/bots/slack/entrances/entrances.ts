// Every way in: an answer within Slack's three seconds, and the rest into the inbox, from where it is finished even if this
// process dies.
import type { App } from '@slack/bolt';
import type { EventBody } from '../client.ts';
import { listenForButtons } from './buttons.ts';
import { listenForCommands } from './commands.ts';
import { createEntrance, type EntrancesOptions } from './entrance.ts';
import { takeMessage } from './mentions.ts';
import { listenForShortcuts } from './shortcuts.ts';
import { listenForSubmissions } from './submissions.ts';

export type Entrances = ReturnType<typeof createEntrances>;

export function createEntrances(options: EntrancesOptions) {
  const entrance = createEntrance(options);
  return {
    /** Called with each event before Slack is told that it came. */
    keep: (body: EventBody, retries: number): Promise<void> => takeMessage(entrance, body, retries),

    listen(app: App): void {
      listenForCommands(app, entrance);
      listenForShortcuts(app, entrance);
      listenForButtons(app, entrance);
      listenForSubmissions(app, entrance);
    },

    settled: entrance.settled,
  };
}
