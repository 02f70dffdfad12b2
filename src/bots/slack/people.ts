// Who a member is: the name that others read, the language that their Slack is in, and whether they may steer the bot.
import { z } from 'zod';
import type { Notes } from '../../queue/notes.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Member } from '../platform.ts';
import { meaningOf } from './error-codes.ts';
import { toMemberId } from './origin.ts';
import type { Workspaces } from './workspaces.ts';

const KNOWN_SECONDS = 3600;
const GROUPS_KNOWN_SECONDS = 60;

/** Without a name: somebody that Slack tells nothing of. */
const personSchema = z.object({ name: z.string().optional(), language: z.string().optional(), isAdmin: z.boolean() });

/** Members by their groups, all by id. */
const groupsSchema = z.record(z.string(), z.array(z.string()));
type Groups = z.infer<typeof groupsSchema>;

export interface Person {
  member: Member;
  language: string | undefined;
  /** The user groups that they are in, by id. */
  roles: string[];
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
  const asked = new Map<string, Promise<Groups>>();

  const ask = async ({ team, user }: Who): Promise<z.infer<typeof personSchema>> => {
    const workspace = await workspaces.of(team);
    const told = await workspace.client.users.info({ user, include_locale: true }).then(
      (answer) => answer.user,
      (error) => {
        // Of some members of other organisations Slack tells nothing.
        if (meaningOf(error) !== 'nobody') throw error;
        return undefined;
      },
    );
    // Admins of another organisation are none here. In an organisation of several workspaces a member has a home among them.
    const homes = [told?.team_id, ...(told?.enterprise_user?.teams ?? [])];
    const isOurs = homes.includes(workspace.team) && !(told?.is_stranger ?? false);
    return {
      name: told?.profile?.display_name || told?.real_name || told?.name || (told ? user : undefined),
      language: told?.locale,
      isAdmin: isOurs && ((told?.is_admin ?? false) || (told?.is_owner ?? false)),
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

  /** The groups of a workspace with their members. Where Slack does not tell, nobody is in any. */
  const askGroups = async (team: string, name: string): Promise<Groups> => {
    const { client } = await workspaces.of(team);
    const told = await client.usergroups.list({ include_users: true }).catch(() => undefined);
    const groups = Object.fromEntries((told?.usergroups ?? []).map(({ id = '', users = [] }) => [id, users]));
    await notes.put(name, JSON.stringify(groups), GROUPS_KNOWN_SECONDS);
    return groups;
  };

  const readGroups = async (team: string): Promise<Groups> => {
    const name = `groups:${team}`;
    const kept = await notes.get(name);
    if (kept !== undefined) return groupsSchema.parse(JSON.parse(kept));
    // Slack takes this twenty times a minute, and many may want to know at once.
    const asking = asked.get(team) ?? askGroups(team, name).finally(() => asked.delete(team));
    asked.set(team, asking);
    return asking;
  };

  return {
    async find(who: Who): Promise<Person> {
      const { name, language, isAdmin: isOfWorkspace } = await read(who);
      const groups = Object.entries(await readGroups(who.team));
      const roles = groups.filter(([, users]) => users.includes(who.user)).map(([id]) => id);
      const isListed = [who.user, ...roles].some((id) => admins.includes(id));
      return {
        member: { id: toMemberId(who), name: name ?? wordsOf(language).slack.guest },
        language,
        roles,
        isAdmin: admins.length > 0 ? isListed : isOfWorkspace,
        mayManage: isListed || isOfWorkspace,
      };
    },
  };
}
