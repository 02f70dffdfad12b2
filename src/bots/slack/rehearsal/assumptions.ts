// What the bot assumes of Slack, in the order of its story: each with the one function that tries it.
import { type types, webApi } from '@slack/bolt';
import { type Assumption, CLIP_START, DOT, fails, holds, holdsIf, type Outcome, unseen } from '../../rehearsal.ts';
import { edit, isGone, post, postPrivately, remove } from '../messages.ts';
import type { Stage } from './stage.ts';

/** Slack documents about 50 a minute. */
const EDITS = 10;
const EDIT_EVERY_MS = 1300;

const WORDS = 'A rehearsal of animate-bot: this message goes again by itself.';
const ALT_TEXT = 'a dot';

const drawStatus = (run: string, text: string): { text: string; blocks: types.KnownBlock[] } => ({
  text,
  blocks: [
    { type: 'section', text: { type: 'mrkdwn', text } },
    {
      type: 'actions',
      elements: [{ type: 'button', action_id: 'again', value: run, text: { type: 'plain_text', text: 'Rehearsal' } }],
    },
  ],
});

export const ASSUMPTIONS: Assumption<Stage>[] = [
  {
    id: 'message',
    sentence: 'A message is taken in the channel.',
    how: 'posts one there',
    async look({ workspace, channel, run, props, leaves }) {
      const message = await post(workspace, { channel, thread: undefined }, `message:${run}`, { text: WORDS });
      leaves('the message in the channel', message);
      props.put('message', message);
      return holds();
    },
  },
  {
    id: 'once',
    sentence: 'The same message sent again is not a second one.',
    how: 'posts the first message again with its client_msg_id, and compares the answers',
    async look({ workspace, channel, run, props, leaves }) {
      const first = props.get('message');
      const again = await post(workspace, { channel, thread: undefined }, `message:${run}`, { text: WORDS });
      if (again !== first) leaves('the second message in the channel', again);
      return holdsIf(again === first, 'there are two messages now');
    },
  },
  {
    id: 'status',
    sentence: 'A status message with a button is taken in the thread, and its button comes back.',
    how: 'posts one in the thread of the first message, and looks for both in the answer',
    async look({ workspace: { client }, channel, run, props, leaves }) {
      const thread_ts = props.get('message');
      const body = drawStatus(run, '*Starting*');
      const { ts = '', message } = await client.chat.postMessage({ channel, thread_ts, ...body });
      leaves('the status message in the thread', ts);
      props.put('status', ts);
      if (message?.thread_ts !== thread_ts) return fails('it is not in the thread');
      const blocks = JSON.stringify(message?.blocks ?? []);
      return holdsIf(blocks.includes('"again"') && blocks.includes(`"${run}"`), 'the button is not in the answer');
    },
  },
  {
    id: 'edit',
    sentence: 'An edit changes the words and the blocks.',
    how: 'edits the status message, and compares the answer',
    async look({ workspace: { client }, channel, run, props }) {
      const body = drawStatus(run, '*Rendering*');
      const { text } = await client.chat.update({ channel, ts: props.get('status'), ...body });
      return holdsIf(text === body.text, 'the words are the old ones');
    },
  },
  {
    id: 'pace',
    sentence: `Slack takes ${EDITS} edits in ${(EDITS * EDIT_EVERY_MS) / 1000} seconds without making the bot wait.`,
    how: 'edits the status message as often, and tells a refusal',
    async look(stage) {
      const { workspace, channel, run, props, pause } = stage;
      const message = props.get('status');
      for (let count = 1; count <= EDITS; count += 1) {
        await pause(EDIT_EVERY_MS);
        try {
          await edit(workspace.impatient, { channel, message }, drawStatus(run, `*Rendering* ${count} of ${EDITS}`));
        } catch (error) {
          if (!(error instanceof webApi.WebAPIRateLimitedError)) throw error;
          return fails(`it refused edit ${count}, for ${error.retryAfter} s`);
        }
      }
      return holds();
    },
  },
  {
    id: 'upload',
    sentence: 'A clip is uploaded, and shared in the channel within half a minute.',
    how: 'uploads a file of a few bytes into the thread, and asks until its share is seen',
    async look({ share, props }) {
      const begun = performance.now();
      props.put('clip', await share('the clip', { filename: 'clip.mp4', altText: undefined, data: CLIP_START }));
      return holds(`after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    },
  },
  {
    id: 'upload-thread',
    sentence: 'The clip is in the thread, and nowhere else.',
    how: 'asks where the file is shared',
    async look({ workspace: { client }, props }) {
      const { file } = await client.files.info({ file: props.get('clip').file });
      const shares = [
        ...Object.values(file?.shares?.public ?? {}),
        ...Object.values(file?.shares?.private ?? {}),
      ].flat();
      if (shares.length !== 1) return fails(`it is shared ${shares.length} times`);
      return holdsIf(shares[0]?.thread_ts === props.get('message'), 'it is not in the thread');
    },
  },
  {
    id: 'description',
    sentence: 'A picture keeps its description.',
    how: 'uploads one of one dot with a description, and reads it',
    async look({ workspace: { client }, share, props }) {
      // Where the first file was not shared, this one would not be.
      props.get('clip');
      const { file: id } = await share('the picture', { filename: 'picture.png', altText: ALT_TEXT, data: DOT });
      const { file } = await client.files.info({ file: id });
      return holdsIf(file?.alt_txt === ALT_TEXT, 'it is without it');
    },
  },
  {
    id: 'private',
    sentence: 'A private answer is taken in a thread that has answers.',
    how: 'tells the member of --member something privately in the thread',
    look: (stage) =>
      tellPrivately(
        stage,
        () => stage.props.get('message'),
        async () => holds(),
      ),
  },
  {
    id: 'private-new',
    sentence: 'A private answer is shown in a thread that nobody has answered in yet.',
    how: 'tells the member of --member something privately under a new message',
    look: (stage) =>
      tellPrivately(
        stage,
        async () => {
          const { workspace, channel, run, leaves } = stage;
          const message = await post(workspace, { channel, thread: undefined }, `new:${run}`, { text: WORDS });
          leaves('the message without answers', message);
          return message;
        },
        async () => unseen('Slack took it; whether it is shown there only that member can tell'),
      ),
  },
  {
    id: 'deletion',
    sentence: 'A message that was removed is gone for edits, too, and Slack says so.',
    how: 'removes the status message, and edits it',
    async look({ workspace, channel, run, props }) {
      const message = props.get('status');
      await remove(workspace, channel, message);
      return goneAfter(
        edit(workspace.client, { channel, message }, drawStatus(run, '*Gone*')),
        'it can still be edited',
      );
    },
  },
  {
    id: 'file-deletion',
    sentence: 'A file that was removed is gone, and Slack says so.',
    how: 'removes the clip, and asks for it',
    async look({ workspace: { client }, props }) {
      const { file } = props.get('clip');
      await client.files.delete({ file });
      return goneAfter(client.files.info({ file }), 'it is still there');
    },
  },
];

async function tellPrivately(
  { workspace, channel, member }: Stage,
  open: () => string | Promise<string>,
  judge: () => Promise<Outcome>,
): Promise<Outcome> {
  if (member === undefined) return unseen('it needs somebody to tell: give your own id with --member');
  await postPrivately(workspace, { channel, thread: await open(), user: member }, { text: WORDS });
  return judge();
}

async function goneAfter(asking: Promise<unknown>, otherwise: string): Promise<Outcome> {
  try {
    await asking;
    return fails(otherwise);
  } catch (error) {
    if (!isGone(error)) throw error;
    return holds();
  }
}
