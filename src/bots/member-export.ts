// What is kept of a member, for them to read and to take away: everything that is found under their id.
import type { Store } from '../media/store.ts';
import type { Audit } from '../queue/audit.ts';
import type { Beginnings } from '../queue/beginnings.ts';
import type { Blocks } from '../queue/blocks.ts';
import type { Consents } from '../queue/consents.ts';
import type { Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Records, RenderEntry } from '../queue/records.ts';
import type { Rules } from '../queue/rules.ts';
import type { RefusedPictures, Strikes } from '../queue/strikes.ts';
import type { Member } from '../render.ts';
import { clipKey } from './earlier.ts';
import type { Handlers } from './platform.ts';

/** What is gone before anybody could have read it here, and what the bot cannot reach. */
const ALSO_KEPT = [
  'A command, a press or a form of yours that has just come, until it is in line or refused.',
  'For an hour at most: your name, language and groups as the chat service tells them; the pictures of a form that you have open; a refused command that a button begins again; which button you pressed.',
  'As long as a clip: where its messages are on the chat service, and on the chat page the words and the name above it; that its file has its mark.',
  'In the log of the operator: your id beside what happened, and none of your words.',
];

export interface MemberExportOptions {
  platform: string;
  records: Records;
  queue: RenderQueue;
  store: Store;
  limits: Limits;
  rules: Rules;
  strikes: Strikes;
  refusedPictures: RefusedPictures;
  blocks: Blocks;
  consents: Consents;
  beginnings: Beginnings;
  audit: Audit;
  now(): number;
}

export function createMemberExport(options: MemberExportOptions): Handlers['kept'] {
  const { platform, records, queue, store, limits, rules, strikes, refusedPictures, now } = options;
  const { blocks, consents, beginnings, audit } = options;

  const find = async (ids: string[]): Promise<RenderEntry[]> => {
    const entries = await Promise.all(ids.map((id) => queue.find(id)));
    return entries.filter((entry) => entry !== undefined);
  };

  const those = async (keys: string[]): Promise<string[]> => {
    const sizes = await Promise.all(keys.map((key) => store.size(key)));
    return keys.filter((_, index) => sizes[index] !== undefined);
  };

  const describe = async (entry: RenderEntry) => {
    const { record, outcome, ref } = entry;
    const files = await those([record.request.image, clipKey(record.id)]);
    return { ...record, outcome, message: ref, keptUntil: toTime(records.forgottenAt(record)), files };
  };

  /** Others made these from a picture of the member's: that is theirs, the words and the clip are not. */
  const describeCopy = async ({ record }: RenderEntry) => {
    return {
      id: record.id,
      keptUntil: toTime(records.forgottenAt(record)),
      files: await those([record.request.image]),
    };
  };

  /** What admins did about the member, or the member as an admin. Which admin it was is theirs. */
  const describeAudit = async (id: string) => {
    const { acts, nearMisses } = await audit.about(platform, id);
    return {
      adminActs: acts.map(({ at, by, what }) => ({ at: toTime(at), what, isByYou: by.id === id })),
      nearMisses: nearMisses.map(({ at, met }) => ({ at: toTime(at), met })),
    };
  };

  const describeLimits = async (member: Member) => {
    const whose = { platform, member };
    const [left, counted, own] = await Promise.all([
      limits.left(whose),
      limits.countedOf(whose),
      rules.ownOf(platform, member.id),
    ]);
    return {
      leftOfYourLimits: left,
      counted: { commands: counted.taken.map(toTime), givenBack: counted.refunds.map(toTime) },
      limitsForYouAlone: own.rule,
      changesOfThem: own.changes.map(({ at, before, after }) => ({ at: toTime(at), before, after })),
    };
  };

  return async ({ member }: { member: Member }) => {
    const whose = { platform, member };
    const renders = await Promise.all((await find(await records.listOf(platform, member.id))).map(describe));
    const copies = await Promise.all((await find(await records.listCopiesOf(platform, member.id))).map(describeCopy));
    const [ofLimits, ofAudit, consent, block, strikesAt, refusedAt, begun] = await Promise.all([
      describeLimits(member),
      describeAudit(member.id),
      consents.of(whose),
      blocks.find(platform, [{ kind: 'member', id: member.id }]),
      strikes.list(whose),
      refusedPictures.list(whose),
      beginnings.listOf(platform, member.id),
    ]);
    const document = {
      ...{ platform, member: { id: member.id }, writtenAt: toTime(now()) },
      ...{ renders, beingBegun: begun.map(({ id }) => id), madeByOthersFromYourPictures: copies },
      ...{ ...ofLimits, consent, block },
      refusals: strikesAt.map(toTime),
      picturesThatCouldNotBeUsed: refusedAt.map(toTime),
      ...ofAudit,
      alsoKept: ALSO_KEPT,
    };
    return { document, files: [...renders, ...copies].flatMap(({ files }) => files) };
  };
}

function toTime(at: number): string {
  return new Date(at).toISOString();
}
