// What is kept of something that a member did: who, where, and what the bot can answer to. Plain JSON, without any token.

/** A place in a workspace. */
export interface Place {
  /** The workspace that the bot was installed in, also where the member is of another. */
  team: string;
  channel: string;
  /** The message that the thread hangs on, by its `ts`; undefined where the bot has to post one. */
  thread: string | undefined;
}

export interface Origin extends Place {
  /** Slack's own name for it: the same again is the same. */
  event: string;
  user: string;
  /** The thread has a reply already. */
  isThreadThere?: boolean | undefined;
  /** Which edit of the message it is, where it is one: what was refused may be right now. */
  edit?: string | undefined;
}

/** Slack's conversations of two begin with a D, those with the bot itself, too; they are not shared with anybody. */
export function isDirect({ channel }: Pick<Place, 'channel'>): boolean {
  return channel.startsWith('D');
}

/** Members of two workspaces may have the same id. */
export function toMemberId({ team, user }: Pick<Origin, 'team' | 'user'>): string {
  return `${team}-${user}`;
}

/** What is to be done for it: an edit asks again. */
export function toItemId({ event, edit }: Pick<Origin, 'event' | 'edit'>): string {
  return edit === undefined ? event : `${event}-${edit}`;
}
