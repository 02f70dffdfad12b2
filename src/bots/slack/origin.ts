// What is kept of something that a member did: who, where, and what the bot can answer to. Plain JSON, without any token.

/** A place in a workspace. */
export interface Place {
  team: string;
  channel: string;
  /** The message that the thread hangs on, by its `ts`; undefined where the bot has to post one. */
  thread: string | undefined;
}

export interface Origin extends Place {
  /** Slack's own name for it: the same again is the same. */
  event: string;
  user: string;
}

/** Slack's conversations with the bot itself begin with a D; those are not shared with anybody. */
export function isDirect({ channel }: Pick<Place, 'channel'>): boolean {
  return channel.startsWith('D');
}

/** Members of two workspaces may have the same id. */
export function toMemberId({ team, user }: Pick<Origin, 'team' | 'user'>): string {
  return `${team}-${user}`;
}
