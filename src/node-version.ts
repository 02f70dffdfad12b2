// Which versions of Node animate-bot is tested on, and until when their makers mend them.

/** As in package.json and scripts/supported-node.mjs. */
const SUPPORTED: [line: number, least: number][] = [
  [22, 18],
  [24, 0],
];
const SUPPORTED_FROM = 26;

/** From the release schedule of Node. */
const MENDED_UNTIL: Record<number, string> = { 22: '2027-04-30', 24: '2028-04-30', 26: '2029-04-30' };

export const EXPECTED_NODE = '22.18 or newer of its line, 24, or from 26 on';

export function isSupportedNode(version: string): boolean {
  const [line, minor = 0] = version.split('.').map(Number);
  if (line === undefined) return false;
  return line >= SUPPORTED_FROM || SUPPORTED.some(([each, least]) => line === each && minor >= least);
}

/** Undefined for a line that is newer than this list. */
export function nodeMendedUntil(version: string): Date | undefined {
  const day = MENDED_UNTIL[Number.parseInt(version, 10)];
  return day === undefined ? undefined : new Date(`${day}T23:59:59Z`);
}
