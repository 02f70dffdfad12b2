// What something looked like, for a log: names and kinds, and nothing that anybody wrote.

const MAX_DEPTH = 4;
const MAX_NAMES = 40;

export function shapeOf(value: unknown, depth = 0): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0], depth + 1)];
  if (typeof value !== 'object') return typeof value;
  if (depth >= MAX_DEPTH) return 'object';
  // Names that are ids are what somebody chose, or is.
  const entries = Object.entries(value).slice(0, MAX_NAMES);
  return Object.fromEntries(
    entries.map(([name, inner]) => [/^[a-z_]{1,40}$/i.test(name) ? name : '…', shapeOf(inner, depth + 1)]),
  );
}
