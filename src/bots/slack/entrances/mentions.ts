// What members write to the bot: mentions in channels, and direct messages.
import type { Words } from '../../languages/words.ts';
import type { EventBody } from '../client.ts';
import { readMessageEvent } from '../events.ts';
import { describeFault } from '../faults.ts';
import { post } from '../messages.ts';
import { isDirect, type Origin } from '../origin.ts';
import type { Entrance } from './entrance.ts';

export async function takeMessage(entrance: Entrance, body: EventBody): Promise<void> {
  const { isShared, workspaces, put, wordsFor, helpFor, logUnexpected } = entrance;

  const sayInThread = async ({ team, channel, thread, event }: Origin, sentence: string): Promise<void> => {
    await post(await workspaces.of(team), { channel, thread }, `say:${event}`, { text: sentence });
  };

  const message = readMessageEvent(body);
  if (!message) return;
  const { origin, text, file } = message;
  // Before Slack is told that the message came, as well: what could not be said is said when Slack sends it again.
  const say = async (describe: (words: Words) => string | Promise<string>): Promise<void> =>
    sayInThread(origin, await describe(await wordsFor(origin)));
  if (message.isShared && !isShared) return say(({ slack }) => slack.notShared);
  if (file === undefined) {
    const wantsHelp = isDirect(origin) || /^help\b/i.test(text);
    return say((words) => (wantsHelp ? helpFor(origin.team, words) : words.slack.mentionNeedsPicture));
  }
  try {
    await put({ kind: 'animate', origin, text, picture: { file } });
  } catch (error) {
    logUnexpected(error);
    await say((words) => describeFault(error, words));
  }
}
