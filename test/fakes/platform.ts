// A chat service in memory: members send commands and press buttons, and read what the bot shows them.
// It keeps what a Platform promises; test/bots/platform-contract.ts holds it to that.
import { randomUUID } from 'node:crypto';
import type {
  ButtonPress,
  Clip,
  CommandPicture,
  Handlers,
  Member,
  MessageRef,
  Place,
  Platform,
} from '../../src/bots/platform.ts';
import type { View } from '../../src/bots/view.ts';
import { UserError } from '../../src/errors.ts';

/** A status message, as anybody in the channel sees it. */
export interface ShownMessage {
  ref: MessageRef;
  view: View;
  clip: Clip | undefined;
  /** The outcomes that the bot handed over, the repeated ones too. */
  deliveries: number;
}

/** What came of it: the render's id or the sentence for a press, the sentence of a UserError, or any other error. */
export type FakeTold = { answered: string } | { refused: string } | { broke: unknown };

export interface SentCommand {
  /** The same id is the same event, which the service sends again. */
  eventId?: string;
  text?: string;
  picture?: CommandPicture | undefined;
  member?: Member;
  place?: Place;
}

export interface SentPress {
  eventId?: string;
  member?: Member;
  mayManage?: boolean;
  place?: Place;
}

export interface FakePlatform extends Platform {
  /** What the admins were told. */
  announced(): string[];
  /** In the order they were posted. */
  messages(): ShownMessage[];
  animate(command?: SentCommand): Promise<FakeTold>;
  press(action: ButtonPress['action'], renderId: string, press?: SentPress): Promise<FakeTold>;
  /** The next `update` or `deliver` fails with this, as when the service cannot be reached. */
  failNext(error: Error): void;
  /** Resolves once the messages are as asked, now or later. */
  until(isIt: (messages: ShownMessage[]) => boolean): Promise<ShownMessage[]>;
}

export interface FakePlatformOptions {
  name?: string;
  /** What the service keeps over restarts of the bot: give the same to the next platform. */
  channel?: Map<string, ShownMessage>;
}

export const ADA: Member = { id: 'ada', name: 'Ada' };

export function createFakePlatform({ name = 'fake', channel = new Map() }: FakePlatformOptions = {}): FakePlatform {
  const watchers = new Set<() => void>();
  let handlers: Handlers | undefined;
  const announced: string[] = [];
  let failure: Error | undefined;

  const changed = () => {
    for (const look of watchers) look();
  };
  const messages = () => [...channel.values()];

  /** In the thread of an earlier message, or in one of its own. */
  const openFor =
    (eventId: string, earlierRender?: string) =>
    async (view: View): Promise<MessageRef> => {
      const id = `status-${eventId}`;
      const posted = channel.get(id);
      if (posted !== undefined) return posted.ref;
      const earlier = messages().find((message) => message.view.renderId === earlierRender);
      const thread = earlier?.ref.thread ?? `thread-${eventId}`;
      const ref = { platform: name, channel: 'animate', message: id, thread };
      channel.set(id, { ref, view, clip: undefined, deliveries: 0 });
      changed();
      return ref;
    };

  const show = async (ref: MessageRef, view: View, change: (message: ShownMessage) => Partial<ShownMessage>) => {
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    const message = channel.get(ref.message);
    if (message === undefined) return;
    if (view.kind === 'deleted') channel.delete(ref.message);
    else channel.set(ref.message, { ...message, view, ...change(message) });
    changed();
  };

  const tell = async (handle: (handlers: Handlers) => Promise<string>): Promise<FakeTold> => {
    if (handlers === undefined) throw new Error('Expected a platform that was started');
    try {
      return { answered: await handle(handlers) };
    } catch (error) {
      return error instanceof UserError ? { refused: error.message } : { broke: error };
    }
  };

  return {
    name,
    async start(given) {
      handlers = given;
    },
    async stop() {
      handlers = undefined;
    },
    update: (ref, view) => show(ref, view, () => ({})),
    deliver: (ref, view, clip) => show(ref, view, ({ deliveries }) => ({ clip, deliveries: deliveries + 1 })),

    async announce(sentence) {
      announced.push(sentence);
      changed();
    },

    async openKept(_member, view) {
      const posted = messages().find((message) => message.view.renderId === view.renderId);
      return posted?.ref ?? openFor(view.renderId)(view);
    },

    announced: () => [...announced],
    messages,
    animate({ eventId = randomUUID(), text = 'she smiles', picture, member = ADA, place } = {}) {
      return tell(async ({ animate }) => {
        const { renderId } = await animate({ eventId, member, place, text, picture, open: openFor(eventId) });
        return renderId;
      });
    },
    press(action, renderId, { eventId = randomUUID(), member = ADA, mayManage = false, place } = {}) {
      return tell(({ press }) =>
        press({ eventId, action, renderId, member, place, mayManage, open: openFor(eventId, renderId) }),
      );
    },
    failNext(error) {
      failure = error;
    },
    until(isIt) {
      return new Promise((resolve) => {
        const look = () => {
          if (!isIt(messages())) return;
          watchers.delete(look);
          resolve(messages());
        };
        watchers.add(look);
        look();
      });
    },
  };
}
