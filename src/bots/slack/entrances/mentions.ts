// What members write to the bot: mentions in channels, and direct messages.
import type { Words } from '../../languages/words.ts';
import type { EventBody } from '../client.ts';
import { readMessageEvent } from '../events.ts';
import { describeFault } from '../faults.ts';
import { MENU } from '../manifest.ts';
import { post, postPrivately } from '../messages.ts';
import { isDirect, type Origin } from '../origin.ts';
import type { Entrance } from './entrance.ts';

/** Slack sends an event three times more, over some minutes, while nobody tells it that it came. */
const MOST_RETRIES = 3;

/** Throws what is put right, perhaps, until Slack sends the message again: `retries` is how often it has done that. */
export async function takeMessage(entrance: Entrance, body: EventBody, retries: number): Promise<void> {
  const { isShared, workspaces, put, wordsFor, helpFor, logUnexpected, goOn } = entrance;

  const sayInThread = async ({ team, channel, thread, event }: Origin, sentence: string): Promise<void> => {
    await post(await workspaces.of(team), { channel, thread }, `say:${event}`, { text: sentence });
  };

  const message = readMessageEvent(body);
  if (!message) return;
  const { origin, text, file } = message;
  const sayAlone = async (sentence: string): Promise<void> =>
    postPrivately(await workspaces.of(origin.team), origin, { text: sentence });
  // Before Slack is told that the message came, as well: what could not be said is said when Slack sends it again.
  const say = async (describe: (words: Words) => string | Promise<string>): Promise<void> =>
    sayInThread(origin, await describe(await wordsFor(origin)));
  if (message.isShared && !isShared) return say(({ slack }) => slack.notShared);
  if (file === undefined) {
    const wantsHelp = isDirect(origin) || /^help\b/i.test(text);
    return say((words) => (wantsHelp ? helpFor(origin.team, words) : words.slack.mentionNeedsPicture(MENU)));
  }
  const comesAgain = retries < MOST_RETRIES;
  try {
    await put({ kind: 'animate', origin, text, picture: { file, isOwn: true } }, { comesAgain });
  } catch (error) {
    logUnexpected(error);
    if (!comesAgain) return say((words) => describeFault(error, words));
    // A no that is followed by a clip would be worse than a wait.
    if (retries === 0) goOn('message', async () => sayAlone((await wordsFor(origin)).slack.triedAgain));
    throw error;
  }
}
