// The members of a campaign: what they send on each platform, and what they press afterwards. What they did is written down.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelType } from 'discord.js';
import { logIn } from '../fakes/chat.ts';
import * as discordFakes from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import * as slackFakes from '../fakes/slack/slack.ts';
import type { Act, Deed } from './schedule.ts';
import type { World } from './world.ts';

/** A command that a member gave, by typing it or by pressing Again. */
export interface Given {
  act: Act;
  /** What the service calls it: an interaction, a thread, a render of the page. */
  id: string;
  /** The service was told that it came. Asked at the end: it may be told later. */
  isAccepted(): boolean;
  pressed: Pressed | undefined;
}

/** A press that a member made below what came of a command. */
export interface Pressed {
  label: string;
  /** The command that Again is, where it is told apart from the one whose button it was. */
  id: string | undefined;
  isAccepted(): boolean;
  /** So many sentences had been told on Slack to one member alone: what comes later may answer the press. */
  toldBefore: number;
}

interface Talk {
  given: Given;
  sendAgain(): Promise<void>;
  /** Undefined while there is no such button. */
  press(label: string): (() => Promise<Omit<Pressed, 'label' | 'toldBefore'>>) | undefined;
}

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 200;
const SENT_AGAIN_AFTER_MS = 300;
const PAGE_TRIES = 10;
const PAGE_TIMEOUT_MS = 8000;
const CHANNELS = 5;

const FOLLOWING: Partial<Record<Deed, string>> = {
  cancels: 'Cancel',
  'presses Again': 'Again',
  'presses Delete': 'Delete',
};

const SLACK_MEMBERS = [slackFakes.ADA, slackFakes.ADMIN] as const;
export const slackMemberOf = ({ number }: Act) => SLACK_MEMBERS[number % 2] ?? slackFakes.ADA;

/** Of its own for each command: what a refusal says at the top of a channel is known by it. */
export const fileNameOf = ({ number }: Act): string => `picture-${number}.png`;

export type Members = Awaited<ReturnType<typeof gatherMembers>>;

export async function gatherMembers(world: World) {
  const { discord, slack, kept } = world;
  const given: Given[] = [];
  const picture = await drawPicture();
  const noPicture = Buffer.from('not a picture');
  const gardens = Array.from({ length: CHANNELS }, (_, index) =>
    discord.world.addChannel({
      ...{ type: ChannelType.GuildText, name: `garden-${index}`, guild: discordFakes.GUILD_ID },
    }),
  );
  const people = {
    discord: [discordFakes.ADA, discordFakes.BOB],
    page: [await logIn(world.pageLink), await logIn(world.pageLink)],
  };

  const promptOf = ({ deed, number }: Act): string => {
    if (deed === 'gives a poison') return 'die';
    if (deed === 'gives what kills engines') return 'die sometimes';
    return `a still, number ${number}`;
  };

  const onDiscord = (act: Act): Talk => {
    const member = people.discord[act.number % 2] ?? discordFakes.ADA;
    const channel = gardens[act.number % CHANNELS] ?? discord.garden;
    const typed = { prompt: promptOf(act), seconds: 1 };
    const file = discord.upload(act.deed === 'gives no picture' ? noPicture : picture);
    const sent = discord.animate(file, typed, { member, channel });
    const messages = () => [...discord.world.messagesIn(discord.threadOf(sent)?.id ?? ''), ...discord.answersTo(sent)];
    return {
      given: { act, id: sent.id, isAccepted: () => sent.acknowledgedAfter !== undefined, pressed: undefined },
      async sendAgain() {
        discord.animate(file, typed, { member, channel, id: sent.id });
      },
      press(label) {
        const message = messages().find(({ components }) =>
          components.some(({ components: buttons }) => buttons.some((button) => button.label === label)),
        );
        if (!message) return undefined;
        return async () => {
          const { id } = discord.press(message, label, { member });
          return { id, isAccepted: () => discord.world.interactions.get(id)?.acknowledgedAfter !== undefined };
        };
      },
    };
  };

  const onSlack = (act: Act): Talk => {
    const member = slackMemberOf(act);
    const isPicture = act.deed !== 'gives no picture';
    const file = slack.upload(isPicture ? picture : noPicture, fileNameOf(act), 'image/png', member);
    const sent = slack.mention(`${promptOf(act)} seconds:1`, { files: [file], member });
    const thread = sent.message?.ts ?? '';
    return {
      given: { act, id: thread, isAccepted: () => sent.acknowledgedAfter !== undefined, pressed: undefined },
      sendAgain: async () => void slack.redeliver(sent),
      press(label) {
        const message = slack
          .messagesIn(slack.garden.id, thread)
          .find(({ blocks }) => JSON.stringify(blocks).includes(`"text":"${label}"`));
        if (!message) return undefined;
        return async () => {
          const press = slack.press(message, label, { member });
          // Both renders are in one thread.
          return { id: undefined, isAccepted: () => press.acknowledgedAfter !== undefined };
        };
      },
    };
  };

  /** On whichever bot's page is there. Undefined if none answered. */
  const askPage = async (path: string, init: () => RequestInit): Promise<Response | undefined> => {
    for (let tries = 0; tries < PAGE_TRIES; tries += 1) {
      const pages = kept.flatMap(({ address }) => address ?? []);
      const page = pages[tries % Math.max(1, pages.length)];
      const signal = AbortSignal.timeout(PAGE_TIMEOUT_MS);
      const answer =
        page === undefined ? undefined : await fetch(`${page}${path}`, { ...init(), signal }).catch(() => undefined);
      if (answer && answer.status < 500) return answer;
      await answer?.body?.cancel();
      await sleep(LOOK_EVERY_MS * 2 ** Math.min(tries, 4));
    }
    return undefined;
  };

  const onPage = async (act: Act): Promise<Talk> => {
    const eventId = randomUUID();
    const cookie = people.page[act.number % 2] ?? '';
    const send = () =>
      askPage('/api/animate', () => {
        const form = new FormData();
        form.set('eventId', eventId);
        form.set('text', `${promptOf(act)} seconds:1`);
        form.set('author', 'Ada');
        const bytes = act.deed === 'gives no picture' ? noPicture : picture;
        form.set('picture', new Blob([new Uint8Array(bytes)]), 'picture.png');
        return { method: 'POST', body: form, headers: { cookie } };
      });
    const answer = await send();
    const { renderId = '' } = ((await answer?.json()) ?? {}) as { renderId?: string };
    return {
      given: { act, id: renderId, isAccepted: () => answer?.status === 202, pressed: undefined },
      async sendAgain() {
        await (await send())?.body?.cancel();
      },
      press(label) {
        if (renderId === '') return undefined;
        return async () => {
          const pressId = randomUUID();
          const body = JSON.stringify({ action: label.toLowerCase(), eventId: pressId });
          const headers = { 'content-type': 'application/json', cookie };
          const said = await askPage(`/api/renders/${renderId}/press`, () => ({ method: 'POST', headers, body }));
          await said?.body?.cancel();
          return { id: `web-${pressId}`, isAccepted: () => said?.ok === true };
        };
      },
    };
  };

  /** The page tells its buttons to browsers; that a render has ended, Redis knows, too. */
  const isThere = async (label: string, { act, id }: Given): Promise<boolean> =>
    act.platform !== 'page' ||
    label === 'Cancel' ||
    (await world.look.hexists(`{animate}:render:${id}`, 'delivered')) === 1;

  const follow = async (talk: Talk): Promise<void> => {
    const { act } = talk.given;
    const label = FOLLOWING[act.deed];
    if (label === undefined) return;
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const press = talk.press(label);
      if (press && (await isThere(label, talk.given))) {
        const toldBefore = slack.ephemerals.length;
        const made = await press();
        talk.given.pressed = { ...made, label, toldBefore };
        const { id, isAccepted } = made;
        if (label === 'Again' && id !== undefined) {
          given.push({ act: { ...act, deed: 'waits' }, id, isAccepted, pressed: undefined });
        }
        return;
      }
      await sleep(LOOK_EVERY_MS);
    }
  };

  return {
    given,

    async act(act: Act): Promise<void> {
      const begin = { discord: onDiscord, slack: onSlack, page: onPage }[act.platform];
      const talk = await begin(act);
      given.push(talk.given);
      if (act.deed === 'is told of twice') {
        await sleep(SENT_AGAIN_AFTER_MS);
        await talk.sendAgain();
      }
      await follow(talk);
    },
  };
}
