// Whether the promises were kept. It believes nobody: it reads what the stand-ins recorded, the store, what Redis holds at
// rest and which processes are there, and imports nothing of the product.
import type { LogLine } from '../fakes/roles.ts';
import { engineFiles, filesIn } from './engines.ts';
import type { Given } from './members.ts';
import { lookAtQueues } from './rest.ts';
import { type Answer, addUnnamedRefusals, ONCE_MORE, readAnswer, readMessages, type ShownMessage } from './shown.ts';
import type { World } from './world.ts';

export interface Verdict {
  promise: string;
  checked: number;
  broken: string[];
}

/** What Redis holds of a render. */
export interface Entry {
  id: string;
  platform: string;
  prompt: string;
  ref: { channel: string; message: string; thread: string } | undefined;
  outcome: 'done' | 'failed' | 'cancelled' | 'deleted' | undefined;
  code: string | undefined;
  isDelivered: boolean;
}

const UNUSABLE = /isn't actually a picture|no picture with that|find a picture|^Attach a picture/i;
const RENDER_KEY = '{animate}:render:';
/** Families of keys that may be there at rest for good, or that end by themselves. */
const LASTING =
  /^\{animate\}:(bots?|workers?|roster|rules|spent|taken|estimates?|durations?|alerts?|quarantine|draining|vault|web|blocks?|line|member|render|renders-|deliveries-|inbox-|notes|refused|refunds|cancel|abandoned|pages|compaction-due)/;

export async function readEntries({ look }: World): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const key of await look.keys(`${RENDER_KEY}*`)) {
    const { record = '{}', ref, outcome, delivered } = await look.hgetall(key);
    const { platform, request } = JSON.parse(record);
    const ended = outcome ? JSON.parse(outcome) : undefined;
    const id = key.slice(RENDER_KEY.length);
    entries.set(id, {
      ...{ id, platform, prompt: request?.prompt, ref: ref ? JSON.parse(ref) : undefined },
      ...{ outcome: ended?.kind, code: ended?.code, isDelivered: delivered !== undefined },
    });
  }
  return entries;
}

const verdict = (promise: string, each: readonly (string | undefined)[]): Verdict => ({
  promise,
  checked: each.length,
  broken: each.filter((sentence) => sentence !== undefined),
});

/** While the bots are still there; what is left of processes is seen after they were told to stop. */
export async function check(world: World, given: readonly Given[]): Promise<Verdict[]> {
  const entries = await readEntries(world);
  const messages = await readMessages(world);
  const all = [...entries.values()];
  const answered = given
    .filter((each) => each.isAccepted())
    .map((each) => ({ given: each, answer: readAnswer(world, messages, each) }));
  addUnnamedRefusals(world, answered);
  return [
    verdict(
      'an accepted command is answered, once, where its member sees it',
      answered.map(({ given, answer }) => misanswered(given, answer)),
    ),
    verdict(
      'with one clip, one apology or one word that it was cancelled',
      all.map((entry) => notOnce(entry, messages)),
    ),
    verdict('what cannot be used is refused, and nothing is made of it', answered.map(misused)),
    verdict('a poison ends with an apology', poisons(all)),
    verdict('a render that was made is not made again', madeAgain(world)),
    verdict(
      'no message says that it goes on',
      messages.map(({ isOpen, where }) => (isOpen ? where : undefined)),
    ),
    verdict('a render has one message, and a message a render', strangers(messages, entries)),
    verdict('a member is called once for each render', calls(world)),
    verdict('the store has what the renders need, and nothing else', await storeFaults(world, entries)),
    verdict('the engines’ folders are empty', await engineFiles(world)),
    verdict(
      'every line and every queue in Redis is empty',
      (await lookAtQueues(world)).map(({ name, pending }) => (pending > 0 ? `${name}: ${pending}` : undefined)),
    ),
    verdict('every key in Redis has an owner', await strayKeys(world, entries)),
    verdict('no limit counts a render that has ended', await openCounts(world, entries)),
    {
      promise: 'the services were asked for nothing that they refuse',
      checked: world.discord.requests.length + world.slack.requests.length,
      broken: [...world.discord.faults, ...world.slack.faults],
    },
  ];
}

/** In Slack's thread the render of a press stands beside the first one. */
function misanswered({ act, id, pressed }: Given, answer: Answer): string | undefined {
  const { renders, ended, refusals, toldAfterPress } = answer;
  const name = `command ${act.number} on ${act.platform} (${id}, ${act.deed})`;
  const told = `${name}: ${renders.length} renders, ${ended.length} ended, ${JSON.stringify([...refusals, ...toldAfterPress])}`;
  const isAgain = pressed?.label === 'Again' && pressed.id === undefined && pressed.isAccepted();
  if (pressed?.label === 'Delete' && renders.length === 0) return undefined;
  // What a service tells one member alone has no name to know it by: where its answer was lost it is told again, rather than never.
  const sentences = new Set(refusals).size;
  const isOneOfThem = (ended.length === 1 && sentences === 0) || (renders.length === 0 && sentences === 1);
  const isBoth = isAgain && ended.length === 2 && refusals.length === 0;
  const isPressRefused = isAgain && toldAfterPress.some((sentence) => sentence !== ONCE_MORE);
  return (isAgain ? isBoth || (isOneOfThem && isPressRefused) : isOneOfThem) ? undefined : told;
}

function misused({ given: { act }, answer }: { given: Given; answer: Answer }): string | undefined {
  const name = `command ${act.number} on ${act.platform} (${act.deed}): ${answer.renders} ${answer.refusals}`;
  const saysSo = answer.refusals.some((sentence) => UNUSABLE.test(sentence));
  if (act.deed !== 'gives no picture') return saysSo ? name : undefined;
  // Where something is broken just then, the apology may be for that.
  return answer.renders.length > 0 ? name : undefined;
}

function notOnce(entry: Entry, messages: readonly ShownMessage[]): string | undefined {
  const { id, outcome, isDelivered } = entry;
  const clips = messages.filter(({ clips }) => clips.includes(id)).length;
  const status = messages.filter(({ statusOf, ending }) => statusOf === id || ending?.id === id);
  const [shown] = status.map(({ ending }) => ending?.kind);
  const told = `${id}: ${outcome ?? 'no outcome'}, ${isDelivered ? '' : 'not '}delivered, ${clips} clips, shown as ${shown}`;
  if (!outcome || !isDelivered) return told;
  const isRight =
    outcome === 'deleted'
      ? clips === 0 && status.length === 0
      : shown === outcome && clips === (outcome === 'done' ? 1 : 0);
  return isRight ? undefined : told;
}

function poisons(all: readonly Entry[]): (string | undefined)[] {
  return all
    .filter(({ prompt, outcome }) => prompt === 'die' && outcome !== 'cancelled' && outcome !== 'deleted')
    .map(({ id, outcome }) => (outcome === 'failed' ? undefined : `${id}: ${outcome}`));
}

function strangers(messages: readonly ShownMessage[], entries: Map<string, Entry>): (string | undefined)[] {
  const seen = new Set<string>();
  const unknownClips = messages.map(({ clips, where }) => {
    const unknown = clips.find((id) => !entries.has(id));
    return unknown === undefined ? undefined : `${where}: a clip of ${unknown}, which nobody knows`;
  });
  const status = messages
    .filter(({ statusOf }) => statusOf !== undefined)
    .map(({ statusOf = '', where }) => {
      if (seen.has(statusOf)) return `${where}: a second message of ${statusOf}`;
      seen.add(statusOf);
      return entries.has(statusOf) ? undefined : `${where}: of ${statusOf}, which nobody knows`;
    });
  return [...unknownClips, ...status];
}

/** Engines keep no books: what they were asked for is in what the workers said, those that were killed too. */
function madeAgain({ kept }: World): (string | undefined)[] {
  const lines = kept.flatMap(({ lines, role }) => [...lines, ...role.lines]) as (LogLine & { time: number })[];
  const ofRenders = (message: string) => lines.filter(({ msg, renderId }) => msg === message && renderId);
  const madeAt = new Map<unknown, number>();
  for (const { renderId, time } of ofRenders('Rendered')) {
    madeAt.set(renderId, Math.min(time, madeAt.get(renderId) ?? time));
  }
  return ofRenders('Rendering').map(({ renderId, time }) =>
    time > (madeAt.get(renderId) ?? time) ? `${renderId}: begun again after it was made` : undefined,
  );
}

/** On Discord the one mention is a message of its own, on Slack it comes with the clip or is a message of its own. */
function calls({ discord, slack }: World): (string | undefined)[] {
  const onDiscord = [...discord.world.messages.values()].filter(({ pinged }) => pinged.length > 0);
  const onSlack = [...slack.world.messages.values()].filter(
    ({ isFromBot, text }) => isFromBot && text.startsWith('<@'),
  );
  const seen = new Map<string, number>();
  const count = (render: string) => seen.set(render, (seen.get(render) ?? 0) + 1);
  for (const { reference, nonce, id } of onDiscord) count(`Discord ${reference ?? nonce ?? id}`);
  for (const { ts, files } of onSlack) count(`Slack ${clipNameOf(files) ?? ts}`);
  return [...seen].map(([render, times]) => (times > 1 ? `${render}: ${times} times` : undefined));
}

const clipNameOf = (files: readonly { name: string }[]): string | undefined =>
  files.find(({ name }) => name.endsWith('.mp4'))?.name;

async function storeFaults({ media }: World, entries: Map<string, Entry>): Promise<(string | undefined)[]> {
  // What a process that died was writing goes after an hour; nobody can ask for it.
  const files = (await filesIn(media)).filter((file) => !file.includes('.unfinished'));
  const keys = new Set(files.map((file) => file.slice(media.length + 1)));
  const stray = [...keys].map((key) => {
    const [, kind, id = ''] = /^(clips|pictures)\/(.+)\.(?:mp4|png)$/.exec(key) ?? [];
    const outcome = entries.get(id)?.outcome;
    const isWanted = kind === 'clips' ? outcome === 'done' : outcome !== undefined && outcome !== 'deleted';
    return isWanted ? undefined : `${key}: of a render that is ${outcome ?? 'not known'}`;
  });
  const lacking = [...entries.values()]
    .filter(({ outcome }) => outcome === 'done')
    .map(({ id }) => (keys.has(`clips/${id}.mp4`) ? undefined : `clips/${id}.mp4 is not there`));
  const picturesGone = [...entries.values()]
    .filter(({ outcome }) => outcome !== 'deleted')
    .map(({ id }) => (keys.has(`pictures/${id}.png`) ? undefined : `pictures/${id}.png is not there`));
  return [...stray, ...lacking, ...picturesGone];
}

async function strayKeys({ look }: World, entries: Map<string, Entry>): Promise<(string | undefined)[]> {
  return Promise.all(
    (await look.keys('*')).map(async (key) => {
      if (!LASTING.test(key)) return `${key}: of no known kind`;
      const id = /((?:discord|slack|web)-[\w-]+)/.exec(key.replace(/(deliveries|inbox)-(discord|slack|web)/, ''))?.[1];
      const endsByItself = (await look.ttl(key)) > 0;
      return id === undefined || endsByItself || entries.has(id) ? undefined : `${key}: of no known render`;
    }),
  );
}

async function openCounts({ look }: World, entries: Map<string, Entry>): Promise<(string | undefined)[]> {
  return Promise.all(
    (await look.keys('{animate}:spent:*')).map(async (key) => {
      const { '#open': open = '0', ...counted } = await look.hgetall(key);
      const ids = Object.keys(counted).filter((id) => counted[id]?.startsWith('o'));
      const told = ids.map((id) => `${id} (${entries.get(id)?.outcome ?? 'not known'})`);
      return open === '0' && ids.length === 0 ? undefined : `${key}: ${open} under way, ${told}`;
    }),
  );
}
