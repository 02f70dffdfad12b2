// What members can see at the end, read off the stand-ins and, for the page, off the messages that it keeps in Redis.
import { EPHEMERAL, type FakeInteraction } from '../fakes/discord/discord.ts';
import { fileNameOf, type Given, slackMemberOf } from './members.ts';
import type { World } from './world.ts';

type Kind = 'done' | 'failed' | 'cancelled';

export interface ShownMessage {
  where: string;
  /** Slack's name for it. */
  ts?: string;
  /** The renders whose clips are in it. */
  clips: string[];
  /** The render that its buttons are for. */
  statusOf: string | undefined;
  /** How it says that a render ended. */
  ending: { id: string; kind: Kind } | undefined;
  /** It says that something is under way. */
  isOpen: boolean;
}

/** What a member saw become of a command. */
export interface Answer {
  /** The renders that have a message. */
  renders: string[];
  /** Those of them whose message says how they ended. */
  ended: string[];
  /** Sentences in the place of a render. */
  refusals: string[];
  /** Sentences that may answer a press below it. */
  toldAfterPress: string[];
}

const HEADLINES: [Kind, string][] = [
  ['done', 'Here is your clip'],
  ['failed', "Sorry, that didn't work"],
  ['cancelled', 'Cancelled'],
];
/** What a member is told alone when Again begins another render. */
export const ONCE_MORE = 'On it: same words, new seed.';
/** What a member is told alone while a mention could not be taken yet: its answer is still to come. */
const TRIED_AGAIN = "I can't reach the queue right now. I'll keep trying for a few minutes.";
const FILE = /picture-\d+\.png/;
const RENDER = /(?:discord|slack)-[\w-]+/;

const clipsOf = (files: readonly { name: string }[]): string[] =>
  files.flatMap(({ name }) => (name.endsWith('.mp4') ? name.slice(0, -'.mp4'.length) : []));

function toShown(where: string, words: string, controls: unknown, files: readonly { name: string }[]): ShownMessage {
  const id = RENDER.exec(JSON.stringify(controls))?.[0];
  const kind = HEADLINES.find(([, headline]) => words.includes(`*${headline}*`))?.[0];
  const isOpen = /\*On its way\*/.test(words) || /"(label|text)":"Cancel"/.test(JSON.stringify(controls));
  const ending = id !== undefined && kind !== undefined ? { id, kind } : undefined;
  return {
    where: `${where} of ${id ?? 'no render'}: ${words.slice(0, 80)}`,
    clips: clipsOf(files),
    statusOf: id,
    ending,
    isOpen,
  };
}

export async function readMessages(world: World): Promise<ShownMessage[]> {
  const { discord, slack } = world;
  const onDiscord = [...discord.world.messages.values()].map((message) => {
    const { id, channel, interaction = 'no interaction', content, components, files, isLoading } = message;
    const shown = toShown(`Discord ${id} in ${channel}, for ${interaction}`, content, components, files);
    return { ...shown, isOpen: shown.isOpen || isLoading };
  });
  const onSlack = [...slack.world.messages.values()]
    .filter(({ isFromBot }) => isFromBot)
    .map(({ ts, text, blocks, files }) => {
      const there = files.filter(({ state }) => state !== 'deleted');
      const controls = blocks.filter(({ type }) => type === 'actions');
      return { ...toShown(`Slack ${ts}`, `${text} ${JSON.stringify(blocks)}`, controls, there), ts };
    });
  return [...onDiscord, ...onSlack, ...(await readPage(world))];
}

async function readPage({ look }: World): Promise<ShownMessage[]> {
  const keys = await look.keys('{animate}:web:message:*');
  const fields = (await Promise.all(keys.map((key) => look.hgetall(key)))).flatMap((hash) =>
    Object.keys(hash).flatMap((name) => {
      if (!name.startsWith('view:')) return [];
      const { renderId, kind } = JSON.parse(hash[name] ?? '{}');
      const clip = hash[`clip:${name.slice('view:'.length)}`];
      return [{ renderId, kind, hasClip: clip !== undefined }];
    }),
  );
  return fields.map(({ renderId, kind, hasClip }) => ({
    where: `page ${renderId} (${kind})`,
    clips: hasClip ? [renderId] : [],
    statusOf: renderId,
    ending: ['done', 'failed', 'cancelled'].includes(kind) ? { id: renderId, kind } : undefined,
    isOpen: kind === 'waiting' || kind === 'rendering',
  }));
}

/** What a command came to, as its member saw it. */
export function readAnswer({ discord, slack }: World, messages: readonly ShownMessage[], given: Given): Answer {
  const { act, id, pressed } = given;
  const of = (isIts: (message: ShownMessage) => boolean) => {
    const status = messages.filter((message) => message.statusOf !== undefined && isIts(message));
    const idsOf = (those: ShownMessage[]) => [...new Set(those.map(({ statusOf = '' }) => statusOf))];
    return { renders: idsOf(status), ended: idsOf(status.filter(({ ending }) => ending)) };
  };
  switch (act.platform) {
    case 'discord': {
      const told = discord.answersTo({ id } as FakeInteraction);
      // One with buttons is a status message.
      const sentences = told.filter(
        ({ flags, isLoading, components }) => flags & EPHEMERAL && !isLoading && components.length === 0,
      );
      const refusals = sentences.map(({ content }) => content).filter((content) => content !== ONCE_MORE);
      return { ...of(({ statusOf }) => statusOf === `discord-${id}`), refusals, toldAfterPress: [] };
    }
    case 'slack': {
      const before = pressed?.toldBefore ?? Number.POSITIVE_INFINITY;
      const thread = slack.messagesIn(slack.garden.id, id).filter(({ isFromBot }) => isFromBot);
      const inThread = new Set(thread.map(({ ts }) => ts));
      // Neither a status, nor a clip, nor a mention.
      const bare = thread.filter(
        ({ blocks, files, text }) => blocks.length + files.length === 0 && !text.startsWith('<@'),
      );
      // A mention has no thread before the bot has written there: its refusal stands in the channel, and names the file.
      const isFor = (thread: string | undefined, text: string) =>
        thread === id || (thread === undefined && text.includes(fileNameOf(act)));
      const ephemerals = slack.ephemerals.map(({ thread, text, isHidden }, index) => ({
        ...{ isHere: !isHidden && isFor(thread, text), text, index },
      }));
      const here = ephemerals.filter(({ isHere, text }) => isHere && text !== TRIED_AGAIN);
      return {
        ...of(({ ts }) => ts !== undefined && inThread.has(ts)),
        refusals: [...here.filter(({ index }) => index < before), ...bare].map(({ text }) => text),
        toldAfterPress: here.filter(({ index }) => index >= before).map(({ text }) => text),
      };
    }
    case 'page':
      return { ...of(({ statusOf }) => statusOf === id), refusals: [], toldAfterPress: [] };
  }
}

/**
 * What stands at the top of a Slack channel and names no file, a limit for example, says of no mention which one it answers: each
 * is taken for one of its member's that has no other answer.
 */
export function addUnnamedRefusals({ slack }: World, answered: readonly { given: Given; answer: Answer }[]): void {
  const unnamed = slack.ephemerals.filter(
    ({ thread, via, isHidden, text }) =>
      thread === undefined && via === 'chat.postEphemeral' && !isHidden && text !== TRIED_AGAIN && !FILE.test(text),
  );
  for (const { given, answer } of answered) {
    const isAnswered = answer.renders.length + answer.refusals.length > 0 || given.pressed?.label === 'Delete';
    if (given.act.platform !== 'slack' || isAnswered) continue;
    const index = unnamed.findIndex(({ to }) => to === slackMemberOf(given.act).id);
    if (index >= 0) answer.refusals.push(...unnamed.splice(index, 1).map(({ text }) => text));
  }
}
