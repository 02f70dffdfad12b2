// Whether the promises were kept. It believes nobody: it reads what the stand-ins recorded, the store, what Redis holds at
// rest and which processes are there, and imports nothing of the product.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Given } from './members.ts';
import { lookAtQueues } from './rest.ts';
import { type Answer, readAnswers, readMessages, type ShownMessage } from './shown.ts';
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

const RENDER_KEY = '{animate}:render:';
/** Families of keys that may be there at rest for good, or that end by themselves. */
const LASTING =
  /^\{animate\}:(bots?|workers?|roster|rules|spent|taken|estimates?|durations?|alerts?|quarantine|draining|vault|web|blocks?|line|member|render|renders-|deliveries-|inbox-|notes|cancel)/;

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
  const answers = readAnswers(world, messages, entries);
  const all = [...entries.values()];
  const accepted = given.filter((each) => each.isAccepted());
  return [
    verdict(
      'an accepted command is answered',
      accepted.map((each) => unanswered(each, answers)),
    ),
    verdict(
      'with one clip, one apology or one word that it was cancelled',
      all.map((entry) => notOnce(entry, messages)),
    ),
    verdict('what cannot be used is refused, and nothing is made of it', refusals(accepted, answers)),
    verdict('a poison ends with an apology', poisons(all)),
    verdict(
      'no message says that it goes on',
      messages.map(({ isOpen, where }) => (isOpen ? where : undefined)),
    ),
    verdict('a render has one message, and a message a render', strangers(messages, entries)),
    verdict('the store has what the renders need, and nothing else', await storeFaults(world, entries)),
    verdict('the engines’ folders are empty', await engineFiles(world)),
    verdict(
      'every line and every queue in Redis is empty',
      (await lookAtQueues(world)).map(({ name, pending }) => (pending > 0 ? `${name}: ${pending}` : undefined)),
    ),
    verdict('every key in Redis has an owner', await strayKeys(world, entries)),
    verdict('no limit counts a render that has ended', await openCounts(world)),
    verdict('the services were asked for nothing that they refuse', [...world.discord.faults, ...world.slack.faults]),
  ];
}

function unanswered({ act, id }: Given, answers: Map<string, Answer>): string | undefined {
  const answer = answers.get(`${act.platform} ${id}`);
  const name = `command ${act.number} on ${act.platform} (${id}, ${act.deed})`;
  if (!answer || answer.renders.length + answer.refusals === 0) return `${name}: no answer`;
  // A press is answered in the same place, in the same words.
  const isPressed = /^(cancels|presses)/.test(act.deed);
  if (answer.renders.length > 0 && answer.refusals > 0 && !isPressed) return `${name}: a render and a refusal`;
  return undefined;
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

function refusals(accepted: readonly Given[], answers: Map<string, Answer>): (string | undefined)[] {
  return accepted
    .filter(({ act }) => act.deed === 'gives no picture')
    .map(({ act, id }) => {
      const renders = answers.get(`${act.platform} ${id}`)?.renders ?? [];
      return renders.length > 0 ? `command ${act.number} on ${act.platform}: ${renders}` : undefined;
    });
}

function poisons(all: readonly Entry[]): (string | undefined)[] {
  return all
    .filter(({ prompt, outcome }) => prompt === 'die' && outcome !== 'cancelled' && outcome !== 'deleted')
    .map(({ id, outcome }) => (outcome === 'failed' ? undefined : `${id}: ${outcome}`));
}

function strangers(messages: readonly ShownMessage[], entries: Map<string, Entry>): (string | undefined)[] {
  const seen = new Set<string>();
  return messages
    .filter(({ statusOf }) => statusOf !== undefined)
    .map(({ statusOf = '', where }) => {
      if (seen.has(statusOf)) return `${where}: a second message of ${statusOf}`;
      seen.add(statusOf);
      return entries.has(statusOf) ? undefined : `${where}: of ${statusOf}, which nobody knows`;
    });
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

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
  return [...stray, ...lacking];
}

async function engineFiles({ folder }: World): Promise<string[]> {
  const files = await filesIn(join(folder, 'data', 'engines'));
  return files.filter((file) => /\/(inputs|outputs)\//.test(file));
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

async function openCounts({ look }: World): Promise<(string | undefined)[]> {
  return Promise.all(
    (await look.keys('{animate}:spent:*')).map(async (key) => {
      const open = (await look.type(key)) === 'hash' ? await look.hget(key, '#open') : null;
      return open === null || open === '0' ? undefined : `${key}: ${open} under way`;
    }),
  );
}
