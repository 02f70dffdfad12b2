// Brings a member what is kept of them, in their direct messages: Slack shows no file to one member alone elsewhere.
import type { Outgoing } from '../../outgoing.ts';
import { Refusal } from '../faults.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Handlers } from '../platform.ts';
import { openDirect, post, unlessRefused } from './messages.ts';
import type { People } from './people.ts';
import { shareTogether } from './uploads.ts';
import type { Workspaces } from './workspaces.ts';

/** Slack takes a gigabyte; this much is in memory at once. */
const MAX_PARCEL_BYTES = 25 * 2 ** 20;

export interface OwnDataOptions {
  handlers: Pick<Handlers, 'sendKept'>;
  people: Pick<People, 'find'>;
  workspaces: Pick<Workspaces, 'of'>;
  fetch?: Outgoing['fetch'] | undefined;
}

export function createOwnData({ handlers, people, workspaces, fetch }: OwnDataOptions) {
  /** Resolves to the sentence for where it was asked for. `once` names the command. */
  return async (who: { team: string; user: string }, once: string): Promise<string> => {
    const { member, language } = await people.find(who);
    const { slack } = wordsOf(language);
    const workspace = await workspaces.of(who.team);
    const orSayNo = async <Value>(asked: Promise<Value>): Promise<Value> =>
      asked.catch((error) => {
        unlessRefused(error);
        throw new Refusal(slack.dataNotSent);
      });
    const channel = await orSayNo(openDirect(workspace, who.user));
    const sentence = await handlers.sendKept({
      ...{ member, language, maxBytes: MAX_PARCEL_BYTES },
      sent: ({ files }) => orSayNo(shareTogether(workspace, channel, files, fetch)),
    });
    await orSayNo(post(workspace, { channel, thread: undefined }, `data:${once}`, { text: sentence }));
    return slack.dataSent;
  };
}
