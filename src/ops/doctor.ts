// Checks an installation: one line per check, and for each that is not well what to do about it.
import type { Config } from '../config.ts';
import type { RoleOptions } from '../roles/role.ts';
import { checkDiscord, checkSlack } from './checks/chat.ts';
import { checkEngine } from './checks/engine.ts';
import type { Finding } from './checks/finding.ts';
import { checkDocker, checkGpu } from './checks/gpu.ts';
import { checkDisk, checkEngineSandbox, checkNode, checkPython, checkSandbox } from './checks/machine.ts';
import { checkMark } from './checks/mark.ts';
import { checkPage } from './checks/page.ts';
import { checkClock, checkRedis, checkStore, checkWorkers } from './checks/services.ts';

export interface DoctorOptions {
  /** For programs: one JSON array of findings. */
  json: boolean;
  /** Leaves the test clip out, for which an engine has to be loaded. */
  quick: boolean;
}

const CHECKS: ((config: Config) => Promise<Finding>)[] = [
  checkNode,
  checkPython,
  checkSandbox,
  checkEngineSandbox,
  checkMark,
  checkRedis,
  checkClock,
  checkWorkers,
  checkStore,
  checkDisk,
  checkGpu,
  checkDocker,
  checkPage,
];

/** Prints every finding. False if one of them is a failure. */
export async function runDoctor(
  role: RoleOptions,
  { json, quick }: DoctorOptions,
  output: NodeJS.WritableStream = process.stdout,
): Promise<boolean> {
  const findings: Finding[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    const { verdict, subject, text } = finding;
    if (!json) output.write(`${verdict.padEnd(4)}  ${subject.padEnd(7)} ${text}\n`);
  };
  const { discord, slack } = role.config;
  const checks = [...CHECKS, ...(discord ? [checkDiscord(discord)] : []), ...(slack ? [checkSlack(slack)] : [])];
  const asked = checks.map((check) => check(role.config));
  for (const finding of asked) tell(await finding);
  if (!quick) tell(await checkEngine(role));
  if (json) output.write(`${JSON.stringify(findings, undefined, 2)}\n`);
  return findings.every(({ verdict }) => verdict !== 'fail');
}
