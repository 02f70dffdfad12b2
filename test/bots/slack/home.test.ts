// The Home tab: whatever admins' answers hold, it is within Slack's limits.
import type { App } from '@slack/bolt';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createHome, type HomeOptions } from '../../../src/bots/slack/home.ts';
import { faultsOfView } from '../../fakes/slack/block-kit.ts';
import type { Json } from '../../fakes/slack/world.ts';

test.each(['<'.repeat(2900), '&'.repeat(20_000), '**a**<b>'.repeat(1000)])(
  'an answer for admins is cut as it is escaped',
  async (answer) => {
    const published: Json[] = [];
    const client = { views: { publish: async ({ view }: { view: Json }) => void published.push(view) } };
    const home = createHome({
      handlers: { recent: async () => [], administer: async () => answer },
      people: {
        find: async () => ({ member: { id: 'T1-U1', name: 'Ada' }, language: 'en', roles: [], isAdmin: true }),
      },
      workspaces: { of: async () => ({ botUser: 'U0BOT', client }), teamOf: () => 'T1' },
      notes: { put: async () => undefined },
      log: pino({ level: 'silent' }),
    } as unknown as HomeOptions);
    let opened: ((given: unknown) => Promise<void>) | undefined;
    const app = { event: (_name: string, listener: typeof opened) => (opened = listener), action: () => undefined };
    home.listen(app as unknown as App);
    await opened?.({ event: { tab: 'home', user: 'U1' }, context: { teamId: 'T1' } });
    expect(published).toHaveLength(1);
    expect(faultsOfView(published[0] as Json)).toEqual([]);
    expect(JSON.stringify(published)).not.toMatch(/&(?!(amp|lt|gt);)/);
  },
);
