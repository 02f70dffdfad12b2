// Says something to one member where they see it: beside what they did, or else in their direct messages.
import type { Logger } from '../../log.ts';
import { describeRefusal } from './error-codes.ts';
import { post, postDirectly, postPrivately, type Told, unlessRefused } from './messages.ts';
import { isDirect, type Origin, toItemId } from './origin.ts';
import type { Workspaces } from './workspaces.ts';

export type Telling = ReturnType<typeof createTelling>;

export function createTelling({ workspaces, log }: { workspaces: Pick<Workspaces, 'of'>; log: Logger }) {
  /** A no of Slack's is followed by another place, and after that by nothing: it would be the same the next time. */
  const tell = async (origin: Origin, once: string, told: Told, here: () => Promise<unknown>): Promise<void> => {
    try {
      await here();
    } catch (error) {
      unlessRefused(error);
      log.info(
        { ...describeRefusal(error) },
        'A member is told in their direct messages, because it cannot be said there',
      );
      await postDirectly(await workspaces.of(origin.team), origin.user, once, told).catch((refusal) => {
        unlessRefused(refusal);
        log.warn({ ...describeRefusal(refusal) }, 'A member could not be told what became of their command');
      });
    }
  };

  return {
    /** For everybody who reads the thread. */
    async openly(origin: Origin, told: Told): Promise<void> {
      const once = `say:${toItemId(origin)}`;
      await tell(origin, once, told, async () => post(await workspaces.of(origin.team), origin, once, told));
    },

    /**
     * For the member alone. Slack shows that in a thread only once it has a reply:
     * https://docs.slack.dev/reference/methods/chat.postEphemeral
     */
    async alone(origin: Origin, told: Told): Promise<void> {
      const once = `tell:${toItemId(origin)}`;
      const place = { ...origin, thread: origin.isThreadThere ? origin.thread : undefined };
      await tell(origin, once, told, async () => {
        const workspace = await workspaces.of(origin.team);
        if (isDirect(origin)) await post(workspace, origin, once, told);
        else await postPrivately(workspace, place, told);
      });
    },
  };
}
