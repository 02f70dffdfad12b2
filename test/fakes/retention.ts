// How long renders are known in tests: as long as by default.
export const DAY_MS = 24 * 3600 * 1000;
export const KEEP_MS = 7 * DAY_MS;
