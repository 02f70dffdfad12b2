// The limits as an admin reads them in chat, and changing them.
import type { Rule, RuleChange, Rules, Scope } from '../queue/rules.ts';
import type { AdminRequest, LimitsRequest } from './platform.ts';

const CHANGES_SHOWN = 10;

const EACH_MEMBER: LimitsRequest = { of: { kind: 'member' }, changes: {}, isReset: false, showsHistory: false };

const EACH: Record<Scope['kind'], string> = {
  member: 'each member',
  role: 'each role',
  channel: 'each channel',
  server: 'each server',
  everyone: 'all members together',
};

const LABELS: { [Name in keyof Rule]-?: (value: NonNullable<Rule[Name]>) => string } = {
  atOnce: (most) => `Clips at once: ${orNone(most)}`,
  perDay: (most) => `Clips a day: ${orNone(most)}`,
  gpuSecondsPerDay: (most) => `GPU seconds a day: ${orNone(most)}`,
  cooldownSeconds: (seconds) => `Seconds between clips: ${seconds === 0 ? 'none' : seconds}`,
  resolution: (largest) => `Largest resolution: ${largest}`,
  seconds: (most) => `Longest clip: ${most === 0 ? 'no limit' : `${most} s`}`,
  weight: (weight) => `Weight while people wait: ${weight}`,
};

export async function administerLimits(
  rules: Rules,
  platform: string,
  { limits, by }: Pick<AdminRequest, 'limits' | 'by'>,
): Promise<string> {
  const { of, changes, isReset, showsHistory } = limits ?? EACH_MEMBER;
  const rule = await rules.change(platform, of, changes, by, isReset);
  const history = showsHistory ? await rules.history(CHANGES_SHOWN) : [];
  return [
    `**For ${of.id === undefined ? EACH[of.kind] : `the ${of.kind} ${of.id}`}**`,
    describe(rule).join('\n') || 'Nothing is set.',
    "Clips that fail, or are cancelled before they start, don't count for the day.",
    ...history.map(describeChange),
  ].join('\n');
}

function describe(rule: Rule): string[] {
  return (Object.keys(LABELS) as (keyof Rule)[])
    .filter((name) => rule[name] !== undefined)
    .map((name) => (LABELS[name] as (value: unknown) => string)(rule[name]));
}

function describeChange({ at, by, of, before, after }: RuleChange): string {
  const told = (rule: Rule) => describe(rule).join(', ') || 'nothing';
  return `${new Date(at).toISOString().slice(0, 16)} ${by.name} (${by.id}), ${of}: ${told(before)} → ${told(after)}`;
}

function orNone(most: number): string {
  return most === 0 ? 'no limit' : String(most);
}
