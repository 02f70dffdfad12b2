// What members can see at the end, read off the stand-ins and, for the page, off the messages that it keeps in Redis.
import { EPHEMERAL } from '../fakes/discord/discord.ts';
import type { Entry } from './checker.ts';
import type { World } from './world.ts';

type Kind = 'done' | 'failed' | 'cancelled';

export interface ShownMessage {
  where: string;
  /** The renders whose clips are in it. */
  clips: string[];
  /** The render that its buttons are for. */
  statusOf: string | undefined;
  /** How it says that a render ended. */
  ending: { id: string; kind: Kind } | undefined;
  /** It says that something is under way. */
  isOpen: boolean;
}

/** What became of a command. */
export interface Answer {
  renders: string[];
  /** Sentences in the place of a render. */
  refusals: number;
}

const HEADLINES: [Kind, string][] = [
  ['done', 'Here is your clip'],
  ['failed', 'Sorry, this one did not work'],
  ['cancelled', 'Cancelled'],
];
const RENDER = /(?:discord|slack)-[\w-]+/;

const clipsOf = (files: readonly { name: string }[]): string[] =>
  files.flatMap(({ name }) => (name.endsWith('.mp4') ? name.slice(0, -'.mp4'.length) : []));

function toShown(where: string, words: string, controls: unknown, files: readonly { name: string }[]): ShownMessage {
  const id = RENDER.exec(JSON.stringify(controls))?.[0];
  const kind = HEADLINES.find(([, headline]) => words.includes(`*${headline}*`))?.[0];
  const isOpen = /\*On its way\*/.test(words) || /"(label|text)":"Cancel"/.test(JSON.stringify(controls));
  const ending = id !== undefined && kind !== undefined ? { id, kind } : undefined;
  return { where: `${where}: ${words.slice(0, 80)}`, clips: clipsOf(files), statusOf: id, ending, isOpen };
}

export async function readMessages(world: World): Promise<ShownMessage[]> {
  const { discord, slack } = world;
  const onDiscord = [...discord.world.messages.values()].map(({ id, content, components, files, isLoading }) => {
    const shown = toShown(`Discord ${id}`, content, components, files);
    return { ...shown, isOpen: shown.isOpen || isLoading };
  });
  const onSlack = [...slack.world.messages.values()]
    .filter(({ isFromBot }) => isFromBot)
    .map(({ ts, text, blocks, files }) => {
      const there = files.filter(({ state }) => state !== 'deleted');
      const controls = blocks.filter(({ type }) => type === 'actions');
      return toShown(`Slack ${ts}`, `${text} ${JSON.stringify(blocks)}`, controls, there);
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

/** By platform and the service's own name for the command. */
export function readAnswers(
  { discord, slack }: World,
  messages: readonly ShownMessage[],
  entries: Map<string, Entry>,
): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  const isThere = (id: string) => entries.has(id) || messages.some(({ statusOf }) => statusOf === id);
  for (const interaction of discord.world.interactions.values()) {
    const id = `discord-${interaction.id}`;
    const told = discord.answersTo(interaction).filter(({ flags, isLoading }) => flags & EPHEMERAL && !isLoading);
    answers.set(`discord ${interaction.id}`, { renders: isThere(id) ? [id] : [], refusals: told.length });
  }
  for (const { message } of slack.events) {
    if (!message) continue;
    const said = slack
      .messagesIn(message.channel, message.ts)
      .filter(
        ({ isFromBot, blocks, files, text }) =>
          isFromBot && blocks.length === 0 && files.length === 0 && !text.startsWith('<@'),
      );
    const told = slack.ephemerals.filter(({ thread, via }) => thread === message.ts && via === 'chat.postEphemeral');
    const renders = [...entries.values()].filter(
      ({ platform, ref }) => platform === 'slack' && ref?.thread === message.ts,
    );
    answers.set(`slack ${message.ts}`, { renders: renders.map(({ id }) => id), refusals: said.length + told.length });
  }
  for (const { id, platform } of entries.values()) {
    if (platform === 'web') answers.set(`page ${id}`, { renders: [id], refusals: 0 });
  }
  return answers;
}
