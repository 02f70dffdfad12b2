// Tokens of workspaces: sealed, each in its own place, and readable with the right secret alone.
import type { Installation } from '@slack/bolt';
import { expect, test } from 'vitest';
import { createInstallations } from '../../../src/bots/slack/installations.ts';
import type { Vault } from '../../../src/queue/vault.ts';

const SECRET = 'a-secret-of-at-least-32-characters!';

function vault(kept = new Map<string, string>()): Vault & { kept: Map<string, string> } {
  return {
    kept,
    put: async (name, value) => void kept.set(name, value),
    get: async (name) => kept.get(name),
    remove: async (name) => void kept.delete(name),
  };
}

const installation = (team: string, token: string) =>
  ({
    ...{ team: { id: team }, enterprise: undefined, isEnterpriseInstall: false, user: { id: 'U1' } },
    bot: { token, scopes: [], id: 'B1', userId: 'U0BOT' },
  }) as unknown as Installation;

const of = (teamId: string) => ({ teamId, enterpriseId: undefined, isEnterpriseInstall: false }) as const;

test('what was installed is found again, also by a bot that was restarted, and nothing of it is kept in clear', async () => {
  const kept = vault();
  await createInstallations(kept, SECRET).storeInstallation(installation('T1', 'xoxb-canary'));
  const found = await createInstallations(kept, SECRET).fetchInstallation(of('T1'));
  expect(found.bot?.token).toBe('xoxb-canary');
  const [sealed = ''] = kept.kept.values();
  for (const encoding of ['utf8', 'base64', 'latin1'] as const) {
    expect(Buffer.from(sealed, encoding).toString('latin1')).not.toContain('canary');
  }
});

test('the same installation is sealed differently each time', async () => {
  const [one, other] = [vault(), vault()];
  for (const kept of [one, other])
    await createInstallations(kept, SECRET).storeInstallation(installation('T1', 'xoxb-a'));
  expect(one.kept.get('T1')).not.toBe(other.kept.get('T1'));
});

test('another secret, another place, or a changed byte is told, and gives no token', async () => {
  const kept = vault();
  await createInstallations(kept, SECRET).storeInstallation(installation('T1', 'xoxb-canary'));
  const sealed = kept.kept.get('T1') ?? '';
  const told = { code: 'setup_missing', message: expect.stringContaining('SLACK_SECRET: expected the secret that') };
  await expect(createInstallations(kept, `${SECRET}?`).fetchInstallation(of('T1'))).rejects.toMatchObject(told);
  kept.kept.set('T2', sealed);
  await expect(createInstallations(kept, SECRET).fetchInstallation(of('T2'))).rejects.toMatchObject(told);
  for (const position of [0, 12, 30]) {
    const bytes = Buffer.from(sealed, 'base64');
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    kept.kept.set('T1', bytes.toString('base64'));
    await expect(createInstallations(kept, SECRET).fetchInstallation(of('T1'))).rejects.toMatchObject(told);
  }
});

test('what is cut off is told like what was sealed with another secret', async () => {
  const kept = vault(new Map([['T1', Buffer.alloc(5).toString('base64')]]));
  await expect(createInstallations(kept, SECRET).fetchInstallation(of('T1'))).rejects.toMatchObject({
    code: 'setup_missing',
  });
});

test('a workspace that took the app out is told by its name', async () => {
  const installations = createInstallations(vault(), SECRET);
  await installations.storeInstallation(installation('T1', 'xoxb-a'));
  await installations.deleteInstallation?.(of('T1'));
  await expect(installations.fetchInstallation(of('T1'))).rejects.toThrow(
    'The app is not installed in the workspace T1 any more.',
  );
});
