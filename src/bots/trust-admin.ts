// What an admin can do about people and words: blocks, strikes, the private list, and the log of what admins did.
import { UserError } from '../errors.ts';
import { MOST_ENTRIES, readEntry } from '../moderation/filter.ts';
import type { Audit } from '../queue/audit.ts';
import type { Blocked, Blocks } from '../queue/blocks.ts';
import type { Strikes } from '../queue/strikes.ts';
import type { WordList } from '../queue/word-list.ts';
import { describeTime } from '../refusals.ts';
import type { AdminRequest } from './platform.ts';

const HOUR_MS = 3600 * 1000;
const ACTS_SHOWN = 20;
const NEAR_MISSES_SHOWN = 5;
const READING_VERBS: AdminRequest['verb'][] = ['health', 'queue', 'workers', 'job', 'quarantine', 'audit'];

const PAGE = 'web';
const PAGE_BLOCK =
  'On the page that is one browser: with the token, another browser is another member. `animate-bot page --renew` makes a new token.';

/** Chat services take two to three thousand characters. */
const LONGEST_ANSWER = 1800;

export type TrustVerb = 'block' | 'unblock' | 'strikes' | 'words' | 'audit';

export interface TrustAdminOptions {
  platform: string;
  blocks: Blocks;
  strikes: Strikes;
  wordList: WordList;
  audit: Audit;
  now?: () => number;
}

export function createTrustAdmin({ platform, blocks, strikes, wordList, audit, now = Date.now }: TrustAdminOptions) {
  const block = async (who: Blocked, hours: number | undefined): Promise<string> => {
    const until = hours === undefined ? undefined : now() + hours * HOUR_MS;
    const isNew = await blocks.block(platform, { ...who, until, isAutomatic: false });
    const end = until === undefined ? 'until you unblock it' : `until ${describeTime(until)}`;
    const told = isNew ? `Blocked ${end}.` : `They were already blocked; now it's ${end}.`;
    return platform === PAGE && who.kind === 'member' ? `${told} ${PAGE_BLOCK}` : told;
  };

  const showBlocks = async (): Promise<string> => {
    const all = await blocks.list(platform);
    const described = all.map(({ kind, id, until, isAutomatic }) => {
      const end = until === undefined ? 'for good' : `until ${describeTime(until)}`;
      return `${kind} ${id}, ${end}${isAutomatic ? ', after too many refusals' : ''}`;
    });
    return fitting(`**${all.length} blocked**`, described);
  };

  const showStrikes = async (memberId: string): Promise<string> => {
    const whose = { platform, member: { id: memberId } };
    const [times, blocked] = await Promise.all([
      strikes.list(whose),
      blocks.find(platform, [{ kind: 'member', id: memberId }]),
    ]);
    const end = blocked?.until === undefined ? 'for good' : `until ${describeTime(blocked.until)}`;
    return fitting(`**${times.length} refused lately**${blocked ? `, blocked ${end}` : ''}`, times.map(describeTime));
  };

  const clearStrikes = async (memberId: string): Promise<string> => {
    const had = await strikes.clear({ platform, member: { id: memberId } });
    const blocked = await blocks.find(platform, [{ kind: 'member', id: memberId }]);
    if (!blocked?.isAutomatic) return had ? 'Cleared.' : 'There were no refusals.';
    await blocks.unblock(platform, { kind: 'member', id: memberId });
    return 'Cleared, and the block that came from them is over.';
  };

  const changeWords = async (entry: string, isRemoval: boolean): Promise<string> => {
    if (isRemoval) return (await wordList.remove(entry)) ? 'Removed.' : "That wasn't on the list.";
    readEntry(entry);
    if ((await wordList.list()).length >= MOST_ENTRIES) {
      throw new UserError('bad_option', `The list is full (${MOST_ENTRIES} entries). Remove one first.`);
    }
    return (await wordList.add(entry)) ? 'Added.' : "That's already on the list.";
  };

  const showWords = async (): Promise<string> => {
    const entries = await wordList.list();
    const told = '**Your own list** (the built-in rules refuse more, and are not shown)';
    return fitting(entries.length === 0 ? `${told}: empty.` : told, entries.map(asCode));
  };

  const showActs = async (): Promise<string> => {
    const [acts, nearMisses] = await Promise.all([audit.latest(ACTS_SHOWN), audit.latestNearMisses(NEAR_MISSES_SHOWN)]);
    const done = acts.map(
      ({ at, by, what, platform: where }) =>
        `${describeTime(at)}, ${asCode(by.name)} (${by.id}) on ${where}: ${asCode(what)}`,
    );
    const missed = nearMisses.map(
      ({ at, memberId, met, platform: where }) => `${describeTime(at)}, ${memberId} on ${where}: ${asCode(met)}`,
    );
    const heading = '**Refused for words that met, counted against nobody**';
    // First, as they are few: a long list of acts is cut.
    const shown = missed.length === 0 ? [] : [heading, ...missed, ''];
    return fitting([...shown, '**What admins did, the latest first**'].join('\n'), done);
  };

  return async (request: AdminRequest & { verb: TrustVerb }): Promise<string> => {
    const { verb, subject, server, hours, entry, isUndone = false } = request;
    const requireWho = (): Blocked => {
      if (server) return { kind: 'server', id: server };
      if (subject) return { kind: 'member', id: subject };
      throw new UserError('bad_option', 'Say which member or server.');
    };
    switch (verb) {
      case 'block':
        return subject || server ? block(requireWho(), hours) : showBlocks();
      case 'unblock':
        return (await blocks.unblock(platform, requireWho())) ? 'Unblocked.' : "They weren't blocked.";
      case 'strikes':
        return isUndone ? clearStrikes(requireWho().id) : showStrikes(requireWho().id);
      case 'words':
        return entry?.trim() ? changeWords(entry.trim(), isUndone) : showWords();
      case 'audit':
        return showActs();
    }
  };
}

/** For the log of acts, without what is private; undefined for what only looks. */
export function describeAct({
  verb,
  subject,
  server,
  hours,
  entry,
  isUndone,
  limits,
}: AdminRequest): string | undefined {
  const changes = Object.entries(limits?.changes ?? {}).filter(([, value]) => value !== undefined);
  const isShowing =
    READING_VERBS.includes(verb) ||
    (verb === 'block' && !subject && !server) ||
    (verb === 'strikes' && !isUndone) ||
    (verb === 'words' && !entry) ||
    (verb === 'limits' && !limits?.isReset && changes.length === 0);
  if (isShowing) return undefined;
  return [
    verb,
    verb === 'words' && (isUndone ? 'remove' : 'add'),
    server ? `server ${server}` : subject,
    hours !== undefined && `for ${hours} h`,
    verb !== 'words' && isUndone && 'undo',
    limits && `of ${[limits.of.kind, limits.of.id].filter(Boolean).join(' ')}`,
    limits?.isReset && 'reset',
    ...changes.map(([name, value]) => `${name} ${value}`),
  ]
    .filter(Boolean)
    .join(' ');
}

/** As many lines as one message takes, and how many there are beyond. */
function fitting(first: string, lines: string[]): string {
  let answer = first;
  for (const [index, line] of lines.entries()) {
    const longer = `${answer}\n${line}`;
    if (longer.length > LONGEST_ANSWER) return `${answer}\n… and ${lines.length - index} more`;
    answer = longer;
  }
  return answer;
}

/** What somebody typed, as nothing but text. */
function asCode(text: string): string {
  return `\`${text.replace(/[`\p{Cc}\p{Cf}]+/gu, ' ')}\``;
}
