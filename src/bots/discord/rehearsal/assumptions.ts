// What the bot assumes of Discord, in the order of its story: each with the one function that tries it.
import { type APIMessage, ButtonStyle, ComponentType, Routes } from 'discord.js';
import { type Assumption, CLIP_START, DOT, fails, holds, holdsIf, unseen } from '../../rehearsal.ts';
import { NOBODY } from '../drawing.ts';
import { isArchived, isGone, isTooLarge, type MessageFile } from '../messages.ts';
import type { Stage } from './stage.ts';

const MEBIBYTE = 2 ** 20;
/** What a server without boosts takes, by Discord's documents, and a little more than that. */
const LIMIT_BYTES = 10 * MEBIBYTE;
const OVER_LIMIT_BYTES = LIMIT_BYTES + MEBIBYTE / 16;
/** From here on a server takes more. */
const TIER_WITH_LARGER_FILES = 2;
const EDITS = 5;
const EDIT_EVERY_MS = 1500;

const WORDS = 'A rehearsal of animate-bot: this message goes again by itself.';

const picture: MessageFile = { name: 'picture.png', data: DOT, description: 'a dot' };
const clip: MessageFile = { name: 'clip.mp4', data: CLIP_START, description: 'a clip of the dot' };

const say = (content: string) => ({ content, allowed_mentions: NOBODY });

const button = (run: string) => ({
  type: ComponentType.ActionRow,
  components: [
    { type: ComponentType.Button, style: ButtonStyle.Secondary, label: 'Rehearsal', custom_id: `again:${run}` },
  ],
});

const buttonsOf = ({ components = [] }: APIMessage): string => JSON.stringify(components);

/** Where the status message is, and its id. */
const statusOf = ({ props }: Stage) => [{ channel: props.get('thread') }, props.get('status').id] as const;

export const ASSUMPTIONS: Assumption<Stage>[] = [
  {
    id: 'message',
    sentence: 'A message with a picture is taken and comes back as it was sent.',
    how: 'posts one in the channel, and compares the answer',
    async look({ messages, channel, run, props, leaves }) {
      const message = await messages.create(channel, `message:${run}`, say(WORDS), [picture]);
      leaves('the message in the channel', channel, message.id);
      props.put('message', message);
      if (message.content !== WORDS) return fails('the words are others');
      const [file] = message.attachments;
      return holdsIf(
        file?.size === DOT.length && file.description === picture.description,
        'the picture is not on it, or without its description',
      );
    },
  },
  {
    id: 'once',
    sentence: 'The same message sent again at once is not a second one.',
    how: 'posts the first message again with its nonce, and compares the ids',
    async look({ messages, channel, run, props, leaves }) {
      const first = props.get('message').id;
      const { id } = await messages.create(channel, `message:${run}`, say(WORDS), [picture]);
      if (id !== first) leaves('the second message in the channel', channel, id);
      return holdsIf(id === first, 'there are two messages now');
    },
  },
  {
    id: 'thread',
    sentence: 'A thread opens on the message, and has the message’s id.',
    how: 'opens one on the first message',
    async look({ messages, channel, props, leavesThread }) {
      const message = props.get('message').id;
      const thread = await messages.openThread(channel, message, 'Rehearsal');
      if (!thread) return fails('the channel opens no further thread for now');
      leavesThread(thread.id);
      props.put('thread', thread.id);
      return holdsIf(thread.id === message, 'its id is another');
    },
  },
  {
    id: 'thread-once',
    sentence: 'Opening that thread again finds the one that is there.',
    how: 'opens it a second time',
    async look({ messages, channel, props, leavesThread }) {
      const thread = props.get('thread');
      const again = await messages.openThread(channel, props.get('message').id, 'Rehearsal');
      if (again?.isNew && again.id !== thread) leavesThread(again.id);
      return holdsIf(again?.isNew === false && again.id === thread, 'a second one was opened');
    },
  },
  {
    id: 'buttons',
    sentence: 'A status message with a button is taken in the thread, and its button comes back.',
    how: 'posts one in the thread, and looks for the button’s id and label in the answer',
    async look({ messages, run, props, leaves }) {
      const thread = props.get('thread');
      const status = await messages.create(thread, `status:${run}`, {
        ...say('**Starting**'),
        components: [button(run)],
      });
      leaves('the status message in the thread', thread, status.id);
      props.put('status', status);
      const drawn = buttonsOf(status);
      return holdsIf(
        drawn.includes(`"again:${run}"`) && drawn.includes('"Rehearsal"'),
        'the button is not in the answer',
      );
    },
  },
  {
    id: 'found',
    sentence: 'The bot finds its own message again by its button.',
    how: 'reads the thread’s messages, as after a crash',
    async look({ messages, run, props }) {
      const found = await messages.findByButton(props.get('thread'), `again:${run}`);
      return holdsIf(found?.id === props.get('status').id, 'it is not among them; Read Message History may be missing');
    },
  },
  {
    id: 'edit',
    sentence: 'An edit changes the words and leaves the button.',
    how: 'edits the status message without naming its buttons',
    async look(stage) {
      const edited = await stage.messages.edit(...statusOf(stage), say('**Rendering**'));
      if (edited.content !== '**Rendering**') return fails('the words are the old ones');
      return holdsIf(buttonsOf(edited).includes(`"again:${stage.run}"`), 'the button is gone');
    },
  },
  {
    id: 'pace',
    sentence: `Discord takes ${EDITS} edits of one message in ${(EDITS * EDIT_EVERY_MS) / 1000} seconds without making the bot wait.`,
    how: 'edits the status message as often, and counts the waits',
    async look(stage) {
      const before = stage.waits();
      for (let edit = 1; edit <= EDITS; edit += 1) {
        await stage.pause(EDIT_EVERY_MS);
        await stage.messages.edit(...statusOf(stage), say(`**Rendering** ${edit} of ${EDITS}`));
      }
      const waits = stage.waits() - before;
      return holdsIf(waits === 0, `it made the bot wait ${waits} times`);
    },
  },
  {
    id: 'edit-with-file',
    sentence: 'An edit brings a clip into the message, with its description.',
    how: 'edits the status message with a file',
    async look(stage) {
      const { attachments } = await stage.messages.edit(...statusOf(stage), say('**Here is your clip**'), [clip]);
      const [file] = attachments;
      return holdsIf(
        file?.size === CLIP_START.length && file.description === clip.description,
        'the clip is not on it, or without its description',
      );
    },
  },
  {
    id: 'edit-replaces',
    sentence: 'An edit with another clip leaves that one alone on the message.',
    how: 'edits it with a file again, as a delivery that is repeated',
    async look(stage) {
      const { attachments } = await stage.messages.edit(...statusOf(stage), say('**Here is your clip**'), [clip]);
      return holdsIf(attachments.length === 1, `there are ${attachments.length} files on it`);
    },
  },
  {
    id: 'size',
    sentence:
      'A file of more than 10 MiB is taken where the server’s boosts allow it, and else refused in a way that the bot knows.',
    how: `edits the status message with a file of ${OVER_LIMIT_BYTES.toLocaleString('en')} bytes, and compares with the server’s tier`,
    async look(stage) {
      const tier = await readTier(stage);
      const file = { ...clip, data: Buffer.concat([CLIP_START], OVER_LIMIT_BYTES) };
      const isTaken = await stage.messages.edit(...statusOf(stage), say('**A large clip**'), [file]).then(
        () => true,
        (error) => {
          if (!isTooLarge(error)) throw error;
          return false;
        },
      );
      if (tier === undefined) return unseen(`the server’s tier is not told; it was ${isTaken ? 'taken' : 'refused'}`);
      const isExpected = isTaken === tier >= TIER_WITH_LARGER_FILES;
      const told = `a server of tier ${tier} ${isTaken ? 'took' : 'refused'} it`;
      return isExpected ? holds(told) : fails(told);
    },
  },
  {
    id: 'silent',
    sentence: 'A name in a message pings nobody unless the bot says so.',
    how: 'posts a message that names the bot itself, with nobody allowed, and looks at who was mentioned',
    async look(stage) {
      const { mentions } = await mention(stage, 'silent', NOBODY);
      return holdsIf(mentions.length === 0, 'somebody was mentioned');
    },
  },
  {
    id: 'mention',
    sentence: 'A reply mentions the one member that the bot names, and hangs on the status message.',
    how: 'replies to the status message naming the bot itself, so that nobody is pinged',
    async look(stage) {
      const bot = await readBot(stage);
      const { mentions, message_reference } = await mention(stage, 'mention', { parse: [], users: [bot] });
      if (!mentions.some(({ id }) => id === bot)) return fails('nobody was mentioned');
      return holdsIf(message_reference?.message_id === stage.props.get('status').id, 'it is no reply');
    },
  },
  {
    id: 'private',
    sentence: 'A private answer is seen by its member alone.',
    how: 'cannot be tried without a member’s command',
    look: async () => unseen('Discord wants a member’s command for it: try `/animate` with `private` yourself'),
  },
  {
    id: 'archive',
    sentence: 'An archived thread refuses edits in a way that the bot knows, and takes them once it is opened again.',
    how: 'archives the thread, edits the status message, opens the thread, and edits again',
    async look(stage) {
      const thread = stage.props.get('thread');
      await stage.rest.patch(Routes.channel(thread), { body: { archived: true } });
      const isRefused = await stage.messages.edit(...statusOf(stage), say('**Archived**')).then(
        () => false,
        (error) => {
          if (!isArchived(error)) throw error;
          return true;
        },
      );
      await stage.messages.unarchive(thread);
      const { content } = await stage.messages.edit(...statusOf(stage), say('**Open again**'));
      if (content !== '**Open again**') return fails('the edit afterwards changed nothing');
      return holdsIf(isRefused, 'the edit was taken while it was archived');
    },
  },
  {
    id: 'deletion',
    sentence: 'A message that was removed is gone for edits, too, and Discord says so.',
    how: 'removes the status message, and edits it',
    async look(stage) {
      const [place, message] = statusOf(stage);
      await stage.messages.remove(place, message);
      try {
        await stage.messages.edit(place, message, say('**Gone**'));
        return fails('it can still be edited');
      } catch (error) {
        if (!isGone(error)) throw error;
        return holds();
      }
    },
  },
];

async function mention(stage: Stage, what: string, allowed: object): Promise<APIMessage> {
  const { messages, run, props, leaves } = stage;
  const thread = props.get('thread');
  const body = { content: `<@${await readBot(stage)}>`, allowed_mentions: allowed };
  const message = await messages.createReply(thread, `${what}:${run}`, props.get('status').id, body);
  leaves(`the reply in the thread (${what})`, thread, message.id);
  return message;
}

async function readBot({ rest }: Stage): Promise<string> {
  const { id } = (await rest.get(Routes.user())) as { id: string };
  return id;
}

/** Undefined where the channel is in no server. */
async function readTier({ rest, channel }: Stage): Promise<number | undefined> {
  const { guild_id: guild } = (await rest.get(Routes.channel(channel))) as { guild_id?: string };
  if (guild === undefined) return undefined;
  return ((await rest.get(Routes.guild(guild))) as { premium_tier?: number }).premium_tier;
}
