// `setup --try` of either service: prints what the rehearsal finds as it goes, and writes the report.
import { writeFile } from 'node:fs/promises';
import { describeTried, isPassed, type RehearsalResult, type Tried, writeReport } from './bots/rehearsal.ts';
import { version } from './roles/package.ts';

export interface RehearsalCommand {
  service: 'Discord' | 'Slack';
  /** How the service is reached, as a report may say it. */
  road: string;
  signal: AbortSignal;
  play(tell: (tried: Tried) => void): Promise<RehearsalResult>;
}

/** Resolves to whether nothing failed. Throws when it was stopped, with all removed and the report written. */
export async function runRehearsal({ service, road, signal, play }: RehearsalCommand): Promise<boolean> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`The rehearsal begins. It pings nobody, and removes in the end what it made.\n`);
  const result = await play((tried) => say(describeTried(tried)));
  for (const left of result.left) say(`\nLeft behind: ${left}.`);
  const at = new Date();
  const file = `animate-bot-${service.toLowerCase()}-${at.toISOString().slice(0, 19).replaceAll(':', '-')}.md`;
  await writeFile(file, writeReport(result, { service, version, road, at }), { flag: 'wx' });
  say(`\nThe report is in ${file}: without names, ids and tokens, to be attached to an issue.`);
  signal.throwIfAborted();
  return isPassed(result);
}
