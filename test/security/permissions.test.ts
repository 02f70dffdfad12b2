// Every verb and every button by every kind of person, on every platform: who may, may; who may not changes nothing.
import { ChannelType } from 'discord.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { de } from '../../src/bots/languages/de.ts';
import { en } from '../../src/bots/languages/en.ts';
import { ADMIN_VERBS } from '../../src/bots/platform.ts';
import { createPageSecrets } from '../../src/bots/web/page-secrets.ts';
import { createWebPlatform } from '../../src/bots/web/web-platform.ts';
import { refusal } from '../../src/refusals.ts';
import { openToAll } from '../bots/web/fixtures.ts';
import { startBotOn } from '../fakes/bot.ts';
import { onDiscord, onSlack } from '../fakes/chat-platforms.ts';
import {
  ADA,
  ADMIN_OF_SERVER,
  BOB,
  type Discord,
  type FakeMember,
  ROLE_ID,
  startDiscord,
} from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import * as slacks from '../fakes/slack/slack.ts';

const BUTTONS = ['cancel', 'again', 'edit', 'larger', 'extend', 'delete'] as const;

/** What each verb is asked with, so that it would change something if it were let. */
const ARGUMENTS: Record<(typeof ADMIN_VERBS)[number], Record<string, string | boolean | number>> = {
  ...{ health: {}, queue: {}, workers: {}, pause: {}, resume: {}, audit: {}, quarantine: {} },
  ...{
    job: { id: 'nothing' },
    cancel: { id: 'nothing' },
    retry: { id: 'nothing' },
    unload: { engine: 'worker/0' },
    drain: { worker: 'worker' },
  },
  ...{ block: { member: BOB.id, hours: 1 }, unblock: { member: BOB.id }, strikes: { member: BOB.id, clear: true } },
  ...{ limits: { at_once: 1 }, words: { add: 'a private word' } },
};

let server: TestRedis;
let picture: Buffer;
beforeEach(async () => {
  server = await startRedis();
  picture = await drawPicture();
});
afterEach(() => server.stop());

/** Nothing that an admin could have done was done. */
async function expectUntouched(bot: Awaited<ReturnType<typeof startBotOn>>): Promise<void> {
  const keys = await bot.redis.keys('*');
  expect(keys.filter((key) => /:(audit|blocks|forbidden-words|limits)/.test(key))).toEqual([]);
  expect((await bot.queue.counts()).some(({ isPaused }) => isPaused)).toBe(false);
}

describe('on Discord', () => {
  let discord: Discord;
  beforeEach(async () => {
    discord = await startDiscord();
  });
  afterEach(() => discord.close());

  const configured: FakeMember = { id: '300000000000000010', name: 'Configured' };
  const inRole: FakeMember = { id: '300000000000000011', name: 'In the role', roles: [ROLE_ID] };
  const inOtherRole: FakeMember = { id: '300000000000000012', name: 'Elsewhere', roles: ['400000000000000009'] };
  const start = () => startBotOn(server, onDiscord(discord, [configured.id, ROLE_ID]));

  test('admins steer the bot by every verb, and nobody else does by any', async () => {
    await using bot = await start();
    const say = (verb: string, member: FakeMember) =>
      discord.told(discord.administer(verb, { member, options: ARGUMENTS[verb as 'health'] }));
    // An admin's name is not an admin.
    for (const member of [ADA, BOB, inOtherRole, ADMIN_OF_SERVER, { ...ADA, name: configured.name }]) {
      for (const verb of ADMIN_VERBS) expect(await say(verb, member), verb).toBe(en.chat.notForYou);
    }
    await expectUntouched(bot);
    for (const member of [configured, inRole]) {
      for (const verb of ADMIN_VERBS) expect(await say(verb, member), verb).not.toBe(en.chat.notForYou);
    }
  });

  test('who manages the server is an admin where nobody is configured, and there alone', async () => {
    await using bot = await startBotOn(server, onDiscord(discord));
    const say = (verb: (typeof ADMIN_VERBS)[number]) =>
      discord.told(discord.administer(verb, { member: ADMIN_OF_SERVER, options: ARGUMENTS[verb] }));
    for (const verb of ADMIN_VERBS) expect(await say(verb), verb).not.toBe(en.chat.notForYou);
    expect(await bot.redis.keys('*:audit')).toHaveLength(1);
  });

  test('who manages a server does not steer the bot from elsewhere', async () => {
    await using bot = await startBotOn(server, onDiscord(discord));
    const channel = discord.world.addChannel({
      ...{ type: ChannelType.DM, name: 'direct', guild: undefined, recipient: ADMIN_OF_SERVER.id },
    });
    for (const verb of ADMIN_VERBS) {
      const given = { member: ADMIN_OF_SERVER, channel, options: ARGUMENTS[verb] };
      expect(await discord.told(discord.administer(verb, given)), verb).toBe(en.chat.notForYou);
    }
    await expectUntouched(bot);
  });

  test('buttons are for who asked and for admins, and of a blocked member only those that take away', async () => {
    await using bot = await start();
    const make = async () => {
      const command = discord.animate(picture, {}, { member: ADA });
      const renderId = `discord-${command.id}`;
      const message = await discord.until(() =>
        [...discord.world.messages.values()].find(({ components }) => JSON.stringify(components).includes(renderId)),
      );
      return { renderId, message };
    };
    const press = async (
      { renderId, message }: Awaited<ReturnType<typeof make>>,
      button: string,
      member: FakeMember,
    ) => {
      const pressed = discord.pressById(message, `${button}:${renderId}`, { member });
      return discord.until(() => {
        if (discord.world.interactions.get(pressed.id)?.modal) return 'a form';
        return discord.answersTo(pressed).find(({ flags, isLoading }) => (flags & 64) !== 0 && !isLoading)?.content;
      });
    };
    const theirs = await make();
    for (const member of [BOB, inOtherRole, { ...BOB, name: ADA.name }]) {
      for (const button of BUTTONS) expect(await press(theirs, button, member), button).toMatch(/That's Ada's clip/);
    }
    expect((await bot.records.get(theirs.renderId))?.outcome).toBeUndefined();
    expect(await bot.records.listOf('discord', BOB.id)).toEqual([]);

    for (const member of [ADA, ADMIN_OF_SERVER, configured, inRole]) {
      const done = await make();
      await bot.finish(done.renderId);
      await discord.until(() =>
        JSON.stringify([...discord.world.messages.values()]).includes(`delete:${done.renderId}`),
      );
      for (const button of BUTTONS) expect(await press(done, button, member), button).not.toMatch(/'s clip, so/);
    }

    const last = await make();
    await bot.administer({ verb: 'block', subject: ADA.id });
    for (const button of ['again', 'larger', 'extend']) expect(await press(last, button, ADA)).toMatch(/blocked/);
    expect(await press(last, 'delete', ADA)).toBe(en.deletedNow);
  });

  test('a custom id that somebody made up reaches nothing', async () => {
    await using bot = await start();
    const message = discord.post([]);
    for (const id of [
      'delete:nothing',
      'delete:../../x',
      'pause:x',
      'delete',
      '',
      'accept:x',
      `delete:${'x'.repeat(100)}`,
    ]) {
      const told = await discord.told(discord.pressById(message, id, { member: BOB }));
      expect([en.chat.expired, refusal('render_unknown', {}).message]).toContain(told);
    }
    await expectUntouched(bot);
  });
});

describe('on Slack', () => {
  let slack: slacks.Slack;
  beforeEach(async () => {
    slack = await slacks.startSlack();
    slack.world.members.set(configured.id, configured);
  });
  afterEach(() => slack.close());

  const configured: slacks.FakeMember = { id: 'U0CONF0010', name: 'Configured', locale: 'en-US' };
  const start = (admins = [configured.id]) => startBotOn(server, onSlack(slack, admins));
  const typed: Record<string, string> = {
    ...{
      job: 'job nothing',
      cancel: 'cancel nothing',
      retry: 'retry nothing',
      unload: 'unload worker/0',
      drain: 'drain worker',
      limits: 'limits at_once:1',
    },
    ...{ block: `block <@${slacks.BOB.id}> hours:1`, unblock: `unblock <@${slacks.BOB.id}>` },
    ...{ strikes: `strikes <@${slacks.BOB.id}> clear`, words: 'words add a private word' },
  };

  test('admins steer the bot by every verb, and nobody else does by any', async () => {
    await using bot = await start();
    const say = async (verb: string, member: slacks.FakeMember) => {
      slack.command('animate-admin', typed[verb] ?? verb, { member });
      return slack.told(member);
    };
    for (const member of [slacks.ADA, slacks.ADMIN]) {
      for (const verb of ADMIN_VERBS) expect(await say(verb, member), verb).toBe(en.chat.notForYou);
    }
    for (const verb of ADMIN_VERBS) expect(await say(verb, slacks.BOB), verb).toBe(de.chat.notForYou);
    await expectUntouched(bot);
    for (const verb of ADMIN_VERBS) expect(await say(verb, configured), verb).not.toBe(en.chat.notForYou);
    expect(await bot.redis.keys('*:audit')).toHaveLength(1);
  });

  test('an admin of the workspace is one where nobody is configured', async () => {
    await using bot = await start([]);
    for (const verb of ADMIN_VERBS) {
      slack.command('animate-admin', typed[verb] ?? verb, { member: slacks.ADMIN });
      expect(await slack.told(slacks.ADMIN), verb).not.toBe(en.chat.notForYou);
    }
    expect(await bot.redis.keys('*:audit')).toHaveLength(1);
  });

  test('buttons are for who asked and for admins', async () => {
    await using bot = await start();
    const file = slack.upload(picture);
    slack.mention('she smiles', { files: [file] });
    const message = await slack.until(() =>
      [...slack.world.messages.values()].find(({ blocks }) => JSON.stringify(blocks).includes('render_cancel')),
    );
    const renderId = /"value":"(slack-[\w-]+)"/.exec(JSON.stringify(message.blocks))?.[1] ?? '';
    const press = async (button: string, member: slacks.FakeMember) => {
      slack.pressById(message, `render_${button}`, renderId, { member });
      return slack.told(member);
    };
    for (const button of BUTTONS) expect(await press(button, slacks.BOB), button).toContain('Ada');
    expect((await bot.records.get(renderId))?.outcome).toBeUndefined();
    expect(await press('cancel', slacks.ADMIN)).toBe(en.cancelledInTime);
    expect(await press('delete', slacks.ADA)).toBe(en.deletedNow);
  });
});

describe('on the chat page', () => {
  const start = (token: string | undefined) =>
    startBotOn(server, ({ redis, store, log }) =>
      createWebPlatform({
        ...{ ...openToAll(redis), isOpen: token === undefined, secrets: createPageSecrets(redis, token) },
        ...{ redis, media: store, log },
        maxPictureBytes: 2 ** 20,
      }),
    );
  const ROUTES = ['animate', 'accept', 'forget', 'renders/web-x/press'] as const;

  test('without its token nothing is reached', async () => {
    await using bot = await start('a-token-of-tests-123');
    for (const path of [...ROUTES.map((each) => `api/${each}`), 'api/channel', 'api/events', 'media/clips/web-x.mp4']) {
      for (const method of ['GET', 'POST']) {
        const { status } = await fetch(`${bot.platform.address()}/${path}`, { method });
        expect(status, `${method} ${path}`).toBe(401);
      }
    }
  });

  test('no verb of an admin can be reached', async () => {
    await using bot = await start(undefined);
    for (const verb of ADMIN_VERBS) {
      for (const path of [`api/admin/${verb}`, `api/administer`, `api/${verb}`]) {
        const body = JSON.stringify({ verb });
        const headers = { 'content-type': 'application/json' };
        expect((await fetch(`${bot.platform.address()}/${path}`, { method: 'POST', headers, body })).status).toBe(404);
      }
    }
    await expectUntouched(bot);
  });

  test('an admin who blocks a member is told what that does not stop', async () => {
    await using bot = await start('a-token-of-tests-123');
    const headers = { 'content-type': 'application/json', authorization: 'Bearer a-token-of-tests-123' };
    const body = JSON.stringify({ verb: 'block', subject: 'somebody' });
    const told = await fetch(`${bot.platform.address()}/api/admin`, { method: 'POST', headers, body });
    expect(((await told.json()) as { message: string }).message).toMatch(
      /^Blocked until you unblock it\. .*one browser.*--renew/,
    );
  });

  test('whoever can open it may use every button, and deletes with one press only what is theirs', async () => {
    await using bot = await start(undefined);
    const at = bot.platform.address();
    const animate = async (cookie: string | undefined) => {
      const body = new FormData();
      for (const [name, value] of Object.entries({ eventId: crypto.randomUUID(), text: 'she smiles', author: 'Ada' })) {
        body.set(name, value);
      }
      body.set('picture', new Blob([new Uint8Array(picture)]), 'a.png');
      const headers = cookie === undefined ? {} : { cookie };
      const response = await fetch(`${at}/api/animate`, { method: 'POST', body, headers });
      const { renderId } = (await response.json()) as { renderId: string };
      return { renderId, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? cookie };
    };
    const ada = await animate(undefined);
    const bob = await animate(undefined);
    expect(bob.cookie).not.toBe(ada.cookie);
    const forget = await fetch(`${at}/api/forget`, { method: 'POST', headers: { cookie: ada.cookie ?? '' } });
    expect(await forget.json()).toEqual({ message: 'Deleted 1 clip.' });
    expect((await bot.records.get(ada.renderId))?.outcome).toEqual({ kind: 'deleted' });
    expect((await bot.records.get(bob.renderId))?.outcome).toBeUndefined();
    const press = await fetch(`${at}/api/renders/${bob.renderId}/press`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json', cookie: ada.cookie ?? '' } },
      body: JSON.stringify({ action: 'delete', eventId: crypto.randomUUID() }),
    });
    expect(await press.json()).toEqual({ message: 'Deleted.' });
  });
});
