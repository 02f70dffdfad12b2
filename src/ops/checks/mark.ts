// Whether clips get their mark: the key, and the libraries that sign with it.
import type { Config } from '../../config.ts';
import { identityFolderOf, readIdentity } from '../../media/identity.ts';
import { pythonOf } from '../../roles/package.ts';
import { type Finding, lastLine, probe } from './finding.ts';

export async function checkMark(config: Config): Promise<Finding> {
  const subject = 'Mark';
  const plain = 'clips get plain metadata and no signed mark';
  try {
    await probe(pythonOf(config), ['-c', 'import c2pa, cryptography']);
  } catch (error) {
    const advice = config.python
      ? 'install python/requirements-mark.txt there'
      : '`npm start` installs what is missing, on glibc 2.28 or newer and macOS';
    return { verdict: 'warn', subject, text: `${plain} (${lastLine(error)}); ${advice}` };
  }
  try {
    const identity = await readIdentity(identityFolderOf(config.dataFolder));
    const text = identity ? `clips are signed by ${identity.name}` : 'the bot makes its key when it first starts';
    return { verdict: 'ok', subject, text };
  } catch (error) {
    return { verdict: 'warn', subject, text: `${plain}. ${lastLine(error)}` };
  }
}
