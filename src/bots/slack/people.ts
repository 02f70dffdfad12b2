// Who a member is: the name that others read, the language that their Slack is in, and whether they may steer the bot.
import { z } from 'zod';
import type { Notes } from '../../queue/notes.ts';
import type { Member } from '../platform.ts';
import { toMemberId } from './origin.ts';
import type { Workspaces } from './workspaces.ts';

const KNOWN_SECONDS = 3600;
const GROUP_KNOWN_SECONDS = 60;

const personSchema = z.object({ name: z.string(), language: z.string().optional(), isAdmin: z.boolean() });

export interface Person {
  member: Member;
  language: string | undefined;
  /** May steer the bot, which is for all workspaces that it is in. */
  isAdmin: boolean;
  /** May use other members' buttons. */
  mayManage: boolean;
}

interface Who {
  team: string;
  user: string;
}

export interface PeopleOptions {
  workspaces: Pick<Workspaces, 'of'>;
  notes: Pick<Notes, 'get' | 'put'>;
  /** Members (U…) and user groups (S…), by id. */
  admins: string[];
}

export type People = ReturnType<typeof createPeople>;

export function createPeople({ workspaces, notes, admins }: PeopleOptions) {
  const ask = async ({ team, user }: Who): Promise<z.infer<typeof personSchema>> => {
    const { client } = await workspaces.of(team);
    const { user: told } = await client.users.info({ user, include_locale: true });
    return {
      name: told?.profile?.display_name || told?.real_name || told?.name || user,
      language: told?.locale,
      isAdmin: (told?.is_admin ?? false) || (told?.is_owner ?? false),
    };
  };

  const read = async (who: Who): Promise<z.infer<typeof personSchema>> => {
    const name = `person:${toMemberId(who)}`;
    const kept = await notes.get(name);
    if (kept !== undefined) return personSchema.parse(JSON.parse(kept));
    const person = await ask(who);
    await notes.put(name, JSON.stringify(person), KNOWN_SECONDS);
    return person;
  };

  const membersOf = async (team: string, group: string): Promise<string[]> => {
    const name = `group:${team}-${group}`;
    const kept = await notes.get(name);
    if (kept !== undefined) return z.array(z.string()).parse(JSON.parse(kept));
    const { client } = await workspaces.of(team);
    const { users = [] } = await client.usergroups.users.list({ usergroup: group });
    await notes.put(name, JSON.stringify(users), GROUP_KNOWN_SECONDS);
    return users;
  };

  const isInAdminGroup = async ({ team, user }: Who): Promise<boolean> => {
    for (const group of admins.filter((id) => id.startsWith('S'))) {
      if ((await membersOf(team, group).catch((): string[] => [])).includes(user)) return true;
    }
    return false;
  };

  return {
    async find(who: Who): Promise<Person> {
      const { name, language, isAdmin: isOfWorkspace } = await read(who);
      const isListed = admins.includes(who.user) || (await isInAdminGroup(who));
      return {
        member: { id: toMemberId(who), name },
        language,
        isAdmin: admins.length > 0 ? isListed : isOfWorkspace,
        mayManage: isListed || isOfWorkspace,
      };
    },
  };
}
