// A member on each platform, who does the same things everywhere and reads what became of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { openChat } from '../fakes/chat.ts';
import * as discordFakes from '../fakes/discord/discord.ts';
import { linkOf, type Role } from '../fakes/roles.ts';
import * as slackFakes from '../fakes/slack/slack.ts';

/** A render's message, as its member reads it. */
export interface Told {
  headline: string;
  /** Everything that is written there. */
  words: string;
  buttons: string[];
  hasClip: boolean;
}

/** What a member gave, to be asked about later. */
export interface Given {
  told(): Promise<Told | undefined>;
  press(label: string): Promise<string>;
}

export interface Storyteller extends AsyncDisposable {
  /** What a bot needs to be found there. */
  environment: Record<string, string>;
  joinedBy(bot: Role): Promise<void>;
  /** `words` may hold options, as they are typed. */
  give(picture: Buffer, words: string): Promise<Given>;
  press(given: Given, label: string): Promise<string>;
  /** What somebody reads whose picture or words cannot be used, without marks. */
  refusal(picture: Buffer, words: string): Promise<string>;
  until(given: Given, isIt: (told: Told) => boolean): Promise<Told>;
  /** So many clips are there, and no more. */
  untilClips(count: number): Promise<void>;
  /** The files of all clips that are there, as they came. */
  clips(): Promise<Buffer[]>;
}

const POLL_MS = 50;
const PATIENCE_MS = 90_000;

async function untilItIs<Value>(look: () => Promise<Value | undefined>, describe: () => string): Promise<Value> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`Still not so after ${PATIENCE_MS} ms:\n${describe()}`);
    await sleep(POLL_MS);
  }
}

const waitFor = (describe: () => string) => ({
  press: (given: Given, label: string) => given.press(label),
  until: (given: Given, isIt: (told: Told) => boolean): Promise<Told> =>
    untilItIs(async () => {
      const told = await given.told();
      return told && isIt(told) ? told : undefined;
    }, describe),
});

const withoutMarks = (text: string): string => text.replace(/[`\\\u200b]/g, '');

export async function tellOnThePage(): Promise<Storyteller> {
  let chat: ReturnType<typeof openChat> | undefined;
  const page = () => {
    if (!chat) throw new Error('No bot has joined yet');
    return chat;
  };
  const actions = { Cancel: 'cancel', Again: 'again', Delete: 'delete' } as const;
  const labels = { cancel: 'Cancel', again: 'Again', edit: 'Edit', larger: '720p', extend: 'Extend', delete: 'Delete' };
  return {
    environment: {},
    async joinedBy(bot) {
      chat = openChat(await linkOf(bot));
    },
    async give(picture, words) {
      const id = await page().animate(words, picture);
      return {
        async told() {
          const reply = (await page().replies()).find(({ view }) => view.renderId === id);
          if (!reply) return undefined;
          const { headline, detail, facts, buttons } = reply.view;
          const words = [detail, ...facts.map(({ label, value }) => `${label} ${value}`)].join(' ');
          return {
            headline,
            words,
            buttons: buttons.map((button) => labels[button]),
            hasClip: reply.clip !== undefined,
          };
        },
        press: (label) => page().press(id, actions[label as keyof typeof actions]),
      };
    },
    async refusal(picture, words) {
      const refused = await page()
        .animate(words, picture)
        .catch((error: Error) => error.message);
      return withoutMarks(refused.replace(/^\d+: /, ''));
    },
    ...waitFor(() => 'the chat page'),
    async untilClips(count) {
      await untilItIs(
        async () =>
          (await page().replies()).filter(({ clip }) => clip !== undefined).length === count ? true : undefined,
        () => 'the chat page',
      );
    },
    async clips() {
      const shown = (await page().replies()).flatMap(({ clip }) => (clip ? [clip.url] : []));
      return Promise.all(shown.map((path) => page().download(path)));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Options typed among the words, for platforms that have fields for them. */
function splitWords(typed: string): { prompt: string; seconds?: number; seed?: number } {
  const options = Object.fromEntries(
    [...typed.matchAll(/(seconds|seed):(\d+)/g)].map(([, name, value]) => [name, Number(value)]),
  );
  return { prompt: typed.replace(/\s*(seconds|seed):\d+/g, ''), ...options };
}

export async function tellOnDiscord(): Promise<Storyteller> {
  const discord = await discordFakes.startDiscord();
  const hasClip = ({ files }: discordFakes.FakeMessage) => files.some(({ name }) => name.endsWith('.mp4'));
  return {
    environment: discord.environment,
    joinedBy: async (bot) => void (await bot.said('Connected to Discord')),
    async give(picture, words) {
      const command = discord.animate(picture, splitWords(words));
      const message = () => discord.world.messagesIn(discord.threadOf(command)?.id ?? '')[0];
      return {
        async told() {
          const found = message();
          if (!found) return undefined;
          return {
            headline: /^\*\*(.*?)\*\*/.exec(found.content)?.[1] ?? '',
            words: withoutMarks(found.content),
            buttons: found.components.flatMap(({ components }) => components.map(({ label }) => label ?? '')),
            hasClip: hasClip(found),
          };
        },
        async press(label) {
          const found = message();
          if (!found) throw new Error(discord.describe());
          return discord.told(discord.press(found, label));
        },
      };
    },
    refusal: async (picture, words) => withoutMarks(await discord.told(discord.animate(picture, splitWords(words)))),
    ...waitFor(discord.describe),
    async untilClips(count) {
      await discord.until(() => [...discord.world.messages.values()].filter(hasClip).length === count);
    },
    clips: async () =>
      [...discord.world.messages.values()].filter(hasClip).flatMap(({ files }) => files.map(({ bytes }) => bytes)),
    [Symbol.asyncDispose]: () => discord.close(),
  };
}

export async function tellOnSlack(): Promise<Storyteller> {
  const slack = await slackFakes.startSlack();
  const { ADA } = slackFakes;
  const isStatus = ({ isFromBot, blocks }: slackFakes.FakeMessage) => isFromBot && blocks.length > 0;
  const hasClip = ({ files }: slackFakes.FakeMessage) => files.some(({ name }) => name.endsWith('.mp4'));
  const labelsOf = ({ blocks }: slackFakes.FakeMessage): string[] =>
    blocks.flatMap(({ elements = [] }) =>
      (elements as { text?: { text: string } }[]).flatMap(({ text }) => text?.text ?? []),
    );
  return {
    environment: slack.environment,
    joinedBy: async (bot) => void (await bot.said('Connected to Slack')),
    async give(picture, words) {
      const { message } = slack.mention(words, { files: [slack.upload(picture)] });
      const thread = () => slack.messagesIn(message?.channel ?? '', message?.ts);
      return {
        async told() {
          const found = thread().find(isStatus);
          if (!found) return undefined;
          const words_ = withoutMarks(JSON.stringify(found.blocks));
          return { headline: found.text, words: words_, buttons: labelsOf(found), hasClip: thread().some(hasClip) };
        },
        async press(label) {
          const found = thread().find(isStatus);
          if (!found) throw new Error(slack.describe());
          slack.press(found, label);
          return slack.told(ADA);
        },
      };
    },
    async refusal(picture, words) {
      slack.mention(words, { files: [slack.upload(picture)] });
      return withoutMarks(await slack.told(ADA));
    },
    ...waitFor(slack.describe),
    async untilClips(count) {
      await slack.until(() => [...slack.world.messages.values()].filter(hasClip).length === count);
    },
    clips: async () =>
      [...slack.world.messages.values()].filter(hasClip).flatMap(({ files }) => files.map(({ bytes }) => bytes)),
    [Symbol.asyncDispose]: async () => void (await slack.close()),
  };
}
