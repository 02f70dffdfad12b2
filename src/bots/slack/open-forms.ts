// Forms of an Edit button that members have open: they show how their render stands, and say so when it is deleted.
import { z } from 'zod';
import type { Notes } from '../../queue/notes.ts';
import { wordsOf } from '../languages/languages.ts';
import type { View } from '../view.ts';
import { drawForm, drawNotice, type FormContents } from './forms.ts';
import { isRefusal } from './messages.ts';
import type { Workspaces } from './workspaces.ts';

const OPEN_SECONDS = 3600;

interface OpenForm {
  team: string;
  view: string;
  contents: FormContents;
}

const openFormSchema: z.ZodType<OpenForm> = z.object({ team: z.string(), view: z.string(), contents: z.any() });

export type OpenForms = ReturnType<typeof createOpenForms>;

export function createOpenForms(workspaces: Pick<Workspaces, 'of'>, notes: Pick<Notes, 'get' | 'put'>) {
  const keyOf = (renderId: string) => `form:${renderId}`;
  return {
    async remember(renderId: string, form: OpenForm): Promise<void> {
      await notes.put(keyOf(renderId), JSON.stringify(form), OPEN_SECONDS);
    },

    /** What the member has typed stays: Slack keeps it by the fields' names. */
    async show(view: View): Promise<void> {
      const kept = await notes.get(keyOf(view.renderId));
      if (!kept) return;
      const { team, view: id, contents } = openFormSchema.parse(JSON.parse(kept));
      const words = wordsOf(view.language);
      const drawn =
        view.kind === 'deleted'
          ? drawNotice(words.slack.deletedMeanwhile, words)
          : drawForm({ ...contents, headline: view.headline }, words);
      const { client } = await workspaces.of(team);
      try {
        await client.views.update({ view_id: id, view: drawn });
      } catch (error) {
        // It was sent or closed.
        if (!isRefusal(error, 'not_found', 'view_not_found')) throw error;
        await notes.put(keyOf(view.renderId), '', 1);
      }
    },
  };
}
