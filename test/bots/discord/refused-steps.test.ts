// Every kind of refusal at every step of a delivery: it comes to an end, the clip is uploaded twice at most, and somebody is told or the
// operator's log says why.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Meaning, meaningOf } from '../../../src/bots/discord/error-codes.ts';
import type { MessageRef } from '../../../src/bots/platform.ts';
import { firstView, toOutcomeView } from '../../../src/bots/view.ts';
import { type Discord, type FakeInteraction, GUILD_ID, startDiscord } from '../../fakes/discord/discord.ts';
import type { Trouble } from '../../fakes/discord/rest.ts';
import { createStatusOnDiscord, FIRST_VIEW, type StatusOnDiscord, toOrigin } from './status.ts';

const MAX_TRIES = 8;
const MAX_UPLOADS = 2;
const MAX_REQUESTS = 60;

const REFUSALS: [number, number][] = [
  ...([
    [404, 10003],
    [404, 10004],
    [404, 10008],
    [404, 10013],
  ] as [number, number][]),
  ...([
    [404, 10015],
    [401, 50027],
    [404, 10062],
  ] as [number, number][]),
  ...([
    [403, 50001],
    [403, 50013],
    [403, 50007],
    [403, 50278],
    [403, 160005],
    [403, 50009],
  ] as [number, number][]),
  ...([
    [400, 50083],
    [413, 40005],
  ] as [number, number][]),
  ...([
    [400, 50035],
    [403, 50005],
    [400, 20022],
    [400, 30033],
    [403, 160002],
    [400, 240000],
    [400, 50006],
  ] as [number, number][]),
  ...([
    [400, 20016],
    [400, 20028],
    [400, 130000],
    [400, 30046],
  ] as [number, number][]),
  ...([
    [401, 0],
    [401, 40001],
    [403, 40002],
    [401, 60003],
    [403, 40333],
  ] as [number, number][]),
  ...([
    [400, 987654],
    [418, 1],
  ] as [number, number][]),
];
/** These end when Discord or the operator has done something: until then the work is kept and tried again, ever more slowly. */
const KEPT: Meaning[] = ['wait', 'operator'];

type Step = Omit<Trouble, 'status' | 'code' | 'times'>;
const STEPS: Record<string, Step[]> = {
  'the starter': [{ method: 'PATCH', path: /\/messages\/@original$/ }],
  'the thread': [{ method: 'POST', path: /\/threads$/ }],
  'the status message': [{ method: 'POST', path: /\/messages$/, says: /Getting in line/ }],
  'a change of the status message': [{ method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, says: /./ }],
  'the clip': [{ method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, isUpload: true }],
  'the mention': [{ method: 'POST', path: /\/messages$/, says: /^<@\d+>/ }],
  'the opening of a direct message': [
    { method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, isUpload: true },
    { method: 'POST', path: /\/users\/@me\/channels$/ },
  ],
  'a direct message': [
    { method: 'PATCH', path: /^\/channels\/\d+\/messages\/\d+$/, isUpload: true },
    { method: 'POST', path: /\/messages$/, isUpload: true },
  ],
  'the answer to a press': [{ method: 'PATCH', path: /\/messages\/@original$/ }],
  'what follows a press': [{ method: 'POST', path: /^\/webhooks\/\d+\/[^/]+(\?|$)/ }],
  'a deletion': [{ method: 'DELETE', path: /\/messages\/\d+$/ }],
};

let discord: Discord;
let there: StatusOnDiscord;
let logged: string[];
let count = 0;

beforeAll(async () => {
  discord = await startDiscord({ allowance: { requests: 1000, perMs: 1000 } });
  logged = [];
  const lines = new Writable({
    write(line, _encoding, done) {
      logged.push(JSON.parse(String(line)).msg);
      done();
    },
  });
  there = createStatusOnDiscord(discord, pino(lines));
});
afterAll(() => discord.close());

/** As often as the bot would try it, but no further than to where a loop shows. The last fault, if it never ends. */
async function insist(work: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    const fault = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (fault === undefined || tries === MAX_TRIES) return fault;
  }
}

interface Story {
  command: FakeInteraction;
  renderId: string;
  ref: MessageRef | undefined;
  fault: unknown;
}

async function tell(isPress: boolean): Promise<Story> {
  count += 1;
  const renderId = `discord-${count}`;
  const member = { id: discord.world.newId(), name: 'Ada' };
  const channel = discord.world.addChannel({ type: 0, name: 'a place', guild: GUILD_ID });
  const command = await there.answered(discord.animate(Buffer.from('x'), {}, { channel, member }), {
    isDeferred: isPress,
  });
  const asked = {
    id: renderId,
    request: { ...FIRST_VIEW.request, image: '', width: 64, height: 64, frames: 25 },
    language: undefined,
  };
  const first = firstView(asked);
  const origin = toOrigin(discord, command, isPress ? { home: 'token' } : {});
  let ref: MessageRef | undefined;
  const open = async () => {
    ref = isPress ? await there.status.openBeside(origin, first) : await there.status.open(origin, first);
  };
  const faults = [await insist(open)];
  const at = ref as MessageRef | undefined;
  if (at) {
    faults.push(await insist(() => there.status.update(at, first)));
    faults.push(await insist(() => there.deliver(at, 1000, {}, renderId)));
    // What was told stays told, however often it is brought.
    faults.push(await insist(() => there.deliver(at, 1000, {}, renderId)));
  }
  return { command, renderId, ref: at, fault: faults.find((fault) => fault !== undefined) };
}

const clipsOf = (renderId: string) =>
  [...discord.world.messages.values()].flatMap(({ files }) => files).filter(({ name }) => name === `${renderId}.mp4`);

const cases = Object.entries(STEPS).flatMap(([step, troubles]) =>
  REFUSALS.map(([status, code]) => ({ step, troubles, status, code, meaning: meaningOf(code) })),
);

test.each(cases)('$step refused with $status $code ($meaning) ends, and somebody knows', async (refused) => {
  const { step, troubles, status, code, meaning } = refused;
  const before = { requests: discord.requests.length, logged: logged.length };
  const set = troubles.map((each) =>
    discord.trouble({ ...each, ...(meaning === 'archived' && { isUpload: false }), status, code, times: 99 }),
  );
  const story = await tell(/press/.test(step));
  if (story.ref && step === 'a deletion') {
    const { ref, renderId } = story;
    const asked = { id: renderId, request: FIRST_VIEW.request as never, language: undefined };
    story.fault ??= await insist(() => there.status.update(ref, toOutcomeView(asked, { kind: 'deleted' })));
  }
  for (const trouble of set) trouble.times = 0;

  const mine = discord.requests.slice(before.requests);
  expect(mine.filter(({ isUpload }) => isUpload).length).toBeLessThanOrEqual(MAX_UPLOADS);
  expect(mine.length).toBeLessThan(MAX_REQUESTS);
  const clips = clipsOf(story.renderId).length;
  expect(clips).toBeLessThanOrEqual(1);
  // Whoever opens a message hands its refusal on, for its member to read; what only waits is kept.
  if (story.ref && !KEPT.includes(meaning) && status !== 401) expect(story.fault).toBeUndefined();
  const isKnown = clips === 1 || story.fault !== undefined || logged.length > before.logged;
  expect(isKnown).toBe(true);
});
