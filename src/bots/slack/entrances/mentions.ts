// What members write to the bot: mentions in channels, and direct messages.
import type { Words } from '../../languages/words.ts';
import { shapeOf } from '../../shape.ts';
import { soon } from '../../soon.ts';
import { isCallForHelp } from '../../typed-text.ts';
import type { EventBody } from '../client.ts';
import { type MessageEvent, readMessageEvent } from '../events.ts';
import { describeFault } from '../faults.ts';
import { MENU } from '../manifest.ts';
import { isDirect, toMemberId } from '../origin.ts';
import { withoutMentions } from '../text.ts';
import type { Entrance } from './entrance.ts';

/** Slack sends an event three times more, over some minutes, while nobody tells it that it came. */
const MOST_RETRIES = 3;
/** A member who chats on with the bot is not told each time how it is done. */
const HELPED_FOR_SECONDS = 24 * 3600;

/** Throws what is put right, perhaps, until Slack sends the message again: `retries` is how often it has done that. */
export async function takeMessage(entrance: Entrance, body: EventBody, retries: number): Promise<void> {
  const { isShared, telling, put, wordsFor, logUnexpected, goOn, log } = entrance;
  const message = readMessageEvent(body, (faults) =>
    log.warn({ ...faults, shape: shapeOf(body) }, 'An event of Slack’s could not be read'),
  );
  if (!message) return;
  const { origin, text, mentioned, pictures } = message;
  // Before Slack is told that the message came, as well: what could not be said is said when Slack sends it again.
  const say = async (describe: (words: Words) => string | Promise<string>): Promise<void> =>
    telling.openly(origin, { text: await describe(await wordsFor(origin)) });
  if (message.isShared && !isShared) return say(({ slack }) => slack.notShared);
  const [picture] = pictures;
  if (!picture || isCallForHelp(withoutMentions(text))) return explain(entrance, message, say);
  const comesAgain = retries < MOST_RETRIES;
  try {
    const chosen = { ...picture, ...(pictures.length > 1 && { of: pictures.length }) };
    await put({ kind: 'animate', origin, text, mentioned, picture: chosen }, { comesAgain });
  } catch (error) {
    logUnexpected(error);
    if (!comesAgain) return say((words) => describeFault(error, words));
    // A no that is followed by a clip would be worse than a wait.
    if (retries === 0) {
      goOn('message', async () => telling.alone(origin, { text: (await wordsFor(origin)).slack.triedAgain }));
    }
    throw error;
  }
}

/** How it is done, for a message that has no picture. */
async function explain(
  { helpFor, notes }: Entrance,
  { origin, text }: MessageEvent,
  say: (describe: (words: Words) => string | Promise<string>) => Promise<void>,
): Promise<void> {
  if (isCallForHelp(withoutMentions(text))) return say((words) => helpFor(origin.team, words));
  if (!isDirect(origin)) return say(({ slack }) => slack.mentionNeedsPicture(MENU));
  // Words of thanks under a clip ask for nothing.
  if (origin.isThreadThere) return;
  const name = `helped:${toMemberId(origin)}`;
  const helped = await soon(notes, () => notes.get(name)).inTime;
  // The same message again is one of which Slack was not told that it came.
  if (helped !== undefined && helped !== origin.event) return;
  await say((words) => helpFor(origin.team, words));
  await soon(notes, () => notes.put(name, origin.event, HELPED_FOR_SECONDS)).inTime;
}
