// How a command becomes a render: looked at, counted, kept, its message posted, in line. A crash between any two of these
// is made good by the same event coming again: it finds what is there, and nothing counts twice. Where it does not come again,
// abandoned.ts goes on.
import { createHash, randomInt } from 'node:crypto';
import { OperationError, UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Intake, NormalisedPicture } from '../media/intake.ts';
import type { Store } from '../media/store.ts';
import type { Meter } from '../meter.ts';
import type { Beginnings } from '../queue/beginnings.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Records, RenderEntry, RenderRecord } from '../queue/records.ts';
import { refusal } from '../refusals.ts';
import { frameCount, LARGEST_SEED, outputSize, type RenderRequest, type Size } from '../render.ts';
import type { Admission, Prospect } from './admission.ts';
import { type ParsedCommand, parseCommand } from './command.ts';
import type { Earlier } from './earlier.ts';
import { createInOrder } from './in-order.ts';
import type { Moderation } from './moderation.ts';
import type { AnimateCommand, ButtonPress, Member, MessageRef } from './platform.ts';
import { firstView, type View } from './view.ts';

export interface TakingOptions {
  platform: string;
  queue: RenderQueue;
  records: Records;
  beginnings: Beginnings;
  store: Store;
  intake: Intake;
  earlier: Earlier;
  moderation: Moderation;
  admission: Admission;
  /** Called for a render that has joined the line. */
  onBegun(renderId: string): void;
  meter: Meter | undefined;
  log: Logger;
  now(): number;
}

/** The picture of a new render, and the earlier one that it came from, if any. */
interface Looked {
  picture: NormalisedPicture;
  source?: RenderEntry;
}

/** As long as file systems take one. */
const MAX_NAME_LENGTH = 255;

type Open = (view: View) => Promise<MessageRef>;

export type Taking = ReturnType<typeof createTaking>;

export function createTaking(options: TakingOptions) {
  const { platform, queue, records, beginnings, store, intake, earlier, moderation, admission } = options;
  const { onBegun, meter, log, now } = options;
  // A member's commands are looked at one by one, each once the one before is counted: however many they send at once, no more
  // are fetched and decoded than they may have, and the decoders are for others in between.
  const oneByOne = createInOrder();

  /** Resolves to the record that stands: the same event may have brought it meanwhile. */
  const keep = async (record: RenderRecord, png: Buffer): Promise<RenderRecord> => {
    await store.write(record.request.image, png);
    if (await queue.admit(record)) return record;
    return (await queue.find(record.id))?.record ?? record;
  };

  const keepNew = async (record: RenderRecord, png: Buffer): Promise<RenderRecord> => {
    if (!(await beginnings.begin(record, now()))) {
      throw new OperationError('command_given_up', 'An earlier try of this is being given up just now.');
    }
    try {
      return await admission.counted(record, (weight) => keep({ ...record, weight }, png));
    } catch (error) {
      // Nothing was counted, so nothing is left to be taken back.
      if (error instanceof UserError) await beginnings.end(record);
      throw error;
    }
  };

  /**
   * Brings into line what is kept and counted. It stays so until the same event has brought it there: only what its member has to
   * put right elsewhere, a UserError, takes it out again.
   */
  const begin = async (record: RenderRecord, open: Open): Promise<void> => {
    const ref = await open(firstView(record)).catch(async (error) => {
      if (error instanceof UserError) await withdraw(record);
      throw error;
    });
    await queue.enqueue(record, ref);
    await beginnings.end(record);
    onBegun(record.id);
    meter?.accepted(platform);
    log.info({ renderId: record.id, memberId: record.member.id }, 'Accepted');
  };

  const withdraw = async (record: RenderRecord): Promise<void> => {
    await records.forget(record);
    await store.remove(record.request.image);
    await admission.refund(record);
    await beginnings.end(record);
  };

  type Asking = Pick<AnimateCommand, 'member' | 'language' | 'place' | 'open' | 'attempt'>;

  /**
   * `look` fetches and decodes, which is only done for members who may have what they ask for. It says which render the picture
   * came from, if any.
   */
  const beginNew = async (
    id: string,
    { member, language, place, open, attempt }: Asking,
    command: ParsedCommand,
    look: (prospect: Prospect) => Promise<Looked>,
    trace: string | undefined,
  ): Promise<void> => {
    const kept = await oneByOne(member.id, async () => {
      if (await queue.find(id)) return undefined; // The same event came while this one waited.
      const prospect = { id, platform, member, language, place, request: command, attempt: toAttempt(id, attempt) };
      await admission.requireRoom(prospect);
      const { picture, source } = await look(prospect);
      await moderation.requireDecentPicture(member, picture.png, prospect.attempt);
      const request = toRequest(command, `pictures/${id}.png`, picture);
      const pictureOf = source && ownerOf(source, member);
      const begun = { id, platform, member, language, place, request, createdAt: now() };
      const record = { ...begun, ...(pictureOf && { pictureOf }), ...(trace && { trace }) };
      const kept = await keepNew(record, picture.png);
      await requireStillThere(source, kept);
      return kept;
    });
    if (kept) await begin(kept, open);
    else await goOn(id, open);
  };

  /** Its member may have deleted it just before this copy of the picture was kept, and then nobody would find the copy. */
  const requireStillThere = async (source: RenderEntry | undefined, kept: RenderRecord): Promise<void> => {
    if (!source) return;
    await earlier.find(source.record.id).catch(async (error) => {
      await withdraw(kept);
      throw error;
    });
  };

  /** Goes on with what is kept of a render, whatever has changed since. False if nothing is. */
  const goOn = async (id: string, open: Open): Promise<boolean> => {
    const known = await queue.find(id);
    if (!known) return false;
    const { record, ref, outcome } = known;
    if (ref) {
      await queue.putRight(record.id);
      onBegun(record.id);
    } else if (outcome?.kind !== 'deleted') {
      // It counts from when it was kept, mostly; what was promised then is not refused for limits that have changed.
      await admission.count(record).catch(unlessUserError);
      await begin(record, open);
    }
    return true;
  };

  /** The same for an event that came before. */
  const resume = ({ eventId, open }: Pick<AnimateCommand, 'eventId' | 'open'>): Promise<boolean> =>
    goOn(toRenderId(platform, eventId), open);

  return {
    /** Something of this event is kept: it is to be brought to its end, however often that is tried. */
    async isTaken(eventId: string): Promise<boolean> {
      return (await queue.find(toRenderId(platform, eventId))) !== undefined;
    },

    resume,

    goOn,

    async take(command: AnimateCommand, trace: string | undefined): Promise<{ renderId: string }> {
      const id = toRenderId(platform, command.eventId);
      if (await resume(command)) return { renderId: id };
      await moderation.requireWelcome(command);
      if (!command.picture) {
        throw refusal('picture_missing', {});
      }
      const parsed = typeof command.text === 'string' ? parseCommand(command.text) : command.text;
      const { picture: offered } = command;
      const look = async (prospect: Prospect): Promise<Looked> => {
        const given = typeof offered === 'function' ? await admission.counting(prospect, offered) : offered;
        const name = 'filename' in given ? given.filename.slice(0, MAX_NAME_LENGTH) : '';
        const isNameOwn = 'filename' in given && given.isOwn === true;
        const own = [parsed.prompt, parsed.negative, ...(isNameOwn ? [name] : [])];
        await moderation.requireDecentWords(command.member, own, prospect.attempt);
        // A name that somebody else gave is held against nobody: chat services do not even show it.
        if (!isNameOwn) await moderation.requireDecentWords(command.member, [name]);
        if ('ofRender' in given) {
          const source = await earlier.findFor({ ...command, mayManage: given.mayManage }, given.ofRender);
          return { source, picture: await earlier.pictureOf(source, 'first') };
        }
        const { fit, frame } = parsed;
        const normalise = () => intake.normalise(given.bytes, given.filename, { fit, frame });
        return { picture: await admission.counting(prospect, normalise) };
      };
      await beginNew(id, command, parsed, look, trace);
      return { renderId: id };
    },

    /** A render like an earlier one, but for what a button changes. Of a press that is not `resume`d. */
    async renew(
      press: ButtonPress,
      entry: RenderEntry,
      changes: Partial<ParsedCommand>,
      trace: string | undefined,
      which: 'first' | 'last',
    ): Promise<void> {
      const id = toRenderId(platform, press.eventId);
      const command = { ...entry.record.request, ...changes };
      // The words were fine when they were typed: they are refused if that has changed, and not held against anybody.
      await moderation.requireDecentWords(press.member, [command.prompt, command.negative]);
      const look = async () => ({ source: entry, picture: await earlier.pictureOf(entry, which) });
      await beginNew(id, press, command, look, trace);
    },
  };
}

/** The member whose picture it was in the beginning, where that is not this one. */
function ownerOf({ record }: RenderEntry, member: Member): string | undefined {
  const owner = record.pictureOf ?? record.member.id;
  return owner === member.id ? undefined : owner;
}

function toRequest(
  { prompt, negative, resolution, seconds, seed, quality }: ParsedCommand,
  image: string,
  picture: Size,
): RenderRequest {
  const { width, height } = outputSize(picture, resolution);
  return {
    image,
    prompt,
    negative,
    resolution,
    quality,
    seconds,
    seed: seed ?? randomInt(LARGEST_SEED),
    width,
    height,
    frames: frameCount(seconds),
  };
}

/** What counts once where it is refused. */
function toAttempt(id: string, attempt: string | undefined): string {
  return attempt === undefined ? id : `${id}-${attempt}`;
}

/** BullMQ refuses ids that are numbers or hold a colon, so the platform's name goes first and the rest is kept plain. */
function toRenderId(platform: string, eventId: string): string {
  const isPlain = /^[A-Za-z0-9_-]{1,80}$/.test(eventId);
  return `${platform}-${isPlain ? eventId : createHash('sha256').update(eventId).digest('hex')}`;
}

function unlessUserError(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
}
