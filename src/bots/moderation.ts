// What the bot lets through: who may ask, which words and pictures, and what becomes of those who ask for what is refused.
import { createHash } from 'node:crypto';
import type { UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Classifier } from '../moderation/classifier.ts';
import { type Entry, judge, readEntry } from '../moderation/filter.ts';
import type { Audit } from '../queue/audit.ts';
import type { Blocks } from '../queue/blocks.ts';
import type { Consents } from '../queue/consents.ts';
import type { Strikes } from '../queue/strikes.ts';
import type { WordList } from '../queue/word-list.ts';
import { refusal } from '../refusals.ts';
import type { Member, Place } from '../render.ts';

export interface ModerationOptions {
  platform: string;
  blocks: Blocks;
  strikes: Strikes;
  wordList: WordList;
  consents: Consents;
  audit: Audit;
  settings: ModerationSettings;
  /** Undefined: pictures and clips are not looked at. */
  classifier: Classifier | undefined;
  log: Logger;
  now?: () => number;
}

export interface ModerationSettings {
  /** Refusals until a member is blocked; 0: they never are by themselves. */
  mostStrikes: number;
  blockMs: number;
  /** What members accept before their first render. Undefined: nothing. */
  consentText: string | undefined;
}

/** Who asks, and in which server. */
export interface Asking {
  member: Member;
  place?: Place | undefined;
}

export type Moderation = ReturnType<typeof createModeration>;

export function createModeration(options: ModerationOptions) {
  const { platform, blocks, strikes, wordList, consents, audit, settings, classifier, log, now = Date.now } = options;
  const { mostStrikes, blockMs, consentText } = settings;
  const version = consentText && createHash('sha256').update(consentText).digest('hex').slice(0, 12);
  const known = new Map<string, Entry>();

  const ownEntries = async (): Promise<Entry[]> => {
    const listed = await wordList.list();
    for (const text of known.keys()) if (!listed.includes(text)) known.delete(text);
    return listed.map((text) => {
      const entry = known.get(text) ?? readEntry(text);
      known.set(text, entry);
      return entry;
    });
  };

  /** Says that it was refused, and never what for: that would teach how to ask. */
  const refuse = async (member: Member, what: string, event: string | undefined): Promise<UserError> => {
    const count = event === undefined || mostStrikes === 0 ? 0 : await strikes.add({ platform, member }, event);
    log.info({ memberId: member.id, what, strikes: count }, 'Refused');
    if (count === 0 || count < mostStrikes) {
      return refusal('refused', { strikes: count, mostStrikes, until: undefined });
    }
    const until = now() + blockMs;
    const who = { kind: 'member', id: member.id } as const;
    // An admin's block stands, however long it is.
    if (!(await blocks.find(platform, [who]))) await blocks.block(platform, { ...who, until, isAutomatic: true });
    await strikes.clear({ platform, member });
    log.warn({ memberId: member.id, until }, 'Blocked after too many refusals');
    return refusal('refused', { strikes: count, mostStrikes, until });
  };

  return {
    /** Throws for those who are blocked, and for those who have not accepted the rules yet. */
    async requireWelcome({ member, place }: Asking): Promise<void> {
      const block = await blocks.find(platform, [
        { kind: 'member', id: member.id },
        ...(place?.server === undefined ? [] : [{ kind: 'server', id: place.server } as const]),
      ]);
      if (block?.kind === 'server') throw refusal('server_blocked', {});
      if (block?.isAutomatic && block.until) throw refusal('blocked_automatically', { until: block.until });
      if (block) throw refusal('blocked', { until: block.until });
      if (consentText && version && !(await consents.has({ platform, member }, version))) {
        throw refusal('consent_missing', { text: consentText });
      }
    },

    async accept(member: Member): Promise<void> {
      if (version) await consents.accept({ platform, member }, version);
    },

    /** Throws for what may not be asked for. With an event it counts against the member, but for a near miss. */
    async requireDecentWords(member: Member, texts: string[], event?: string): Promise<void> {
      const verdict = judge(texts, await ownEntries());
      if (verdict.kind === 'forbidden') throw await refuse(member, 'request', event);
      if (verdict.kind === 'near_miss') {
        await audit.addNearMiss({ at: now(), platform, memberId: member.id, met: verdict.met });
        log.info({ memberId: member.id }, 'Refused for words that meet, which counts against nobody');
        throw refusal('near_miss', {});
      }
    },

    async requireDecentPicture(member: Member, png: Buffer, event: string): Promise<void> {
      if (classifier && !(await classifier.allows([png]))) throw await refuse(member, 'picture', event);
    },

    /** `sample` is only called where anybody looks. */
    async isDecentClip(sample: () => Promise<Buffer[]>): Promise<boolean> {
      return classifier === undefined || classifier.allows(await sample());
    },
  };
}
