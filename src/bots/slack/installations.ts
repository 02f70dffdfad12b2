// Which workspaces have installed the app, and their tokens: sealed before they are kept, so that Redis and its backups
// hold none that anybody could use.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Installation, InstallationQuery, InstallationStore } from '@slack/bolt';
import { OperationError } from '../../errors.ts';
import type { Vault } from '../../queue/vault.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Nothing can be said in that workspace: there is no token for it. */
export class NotInstalledError extends OperationError {
  constructor(team: string) {
    super('setup_missing', `The app is not installed in the workspace ${team} any more.`, { isRetryable: false });
  }
}

export function createInstallations(vault: Vault, secret: string): InstallationStore {
  const seal = createSeal(secret);

  const find = async (name: string): Promise<Installation> => {
    const sealed = await vault.get(name);
    if (sealed === undefined) {
      throw new NotInstalledError(name);
    }
    return JSON.parse(seal.open(name, sealed)) as Installation;
  };

  return {
    async storeInstallation(installation) {
      const { team, enterprise, isEnterpriseInstall } = installation;
      const name = isEnterpriseInstall ? enterprise?.id : team?.id;
      if (name === undefined) throw new Error('Slack installed the app in no workspace');
      await vault.put(name, seal.close(name, JSON.stringify(installation)));
    },
    fetchInstallation: (query) => find(nameOf(query)) as ReturnType<InstallationStore['fetchInstallation']>,
    deleteInstallation: (query) => vault.remove(nameOf(query)),
  };
}

function nameOf({ teamId, enterpriseId, isEnterpriseInstall }: InstallationQuery<boolean>): string {
  return (isEnterpriseInstall ? enterpriseId : teamId) ?? '';
}

/** AES-256-GCM; the name is sealed in, so that nobody can put one workspace's token in another's place. */
function createSeal(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'animate-bot slack installations', 32));
  return {
    close(name: string, text: string): string {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },

    open(name: string, sealed: string): string {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        // Without the length, a tag that somebody cut short would do, and those can be guessed.
        const tag = { authTagLength: TAG_BYTES };
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), tag).setAAD(Buffer.from(name));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
        return text.toString('utf8');
      } catch (cause) {
        throw new OperationError(
          'setup_missing',
          `SLACK_SECRET: expected the secret that the workspace ${name} was installed with, got another. Put it back, or install the app there again.`,
          { cause, isRetryable: false },
        );
      }
    },
  };
}
