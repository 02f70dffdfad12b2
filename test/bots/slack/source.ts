// What the Slack adapter's own source asks Slack for.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../src/bots/slack/', import.meta.url));
export const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** Every method of the Web API that the source names, as a call of the SDK's or by its name. */
export function methodsUsed(): string[] {
  const calls = [...source.matchAll(/\b(?:client|bot|impatient)\.((?:[a-z]\w*\.)+[a-zA-Z]\w*)\(/g)].map(
    ([, name]) => name ?? '',
  );
  const named = [...source.matchAll(/apiCall\('([\w.]+)'/g)].map(([, name]) => name ?? '');
  return [...new Set([...calls, ...named])].sort();
}
