// Which known word was probably meant by a mistyped one. Pure.

const LONGEST_WORD = 24;
/** `res` and `neg` are habits from other bots. */
const SHORTEST_ABBREVIATION = 3;

/** Abbreviations, and words one slip away (two in words of six letters and more). An exact match is no near miss. */
export function findNearMiss(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  return known.find((candidate) => {
    if (word === candidate) return false;
    if (word.length >= SHORTEST_ABBREVIATION && candidate.startsWith(word)) return true;
    // Every short word is a slip away from `fit`.
    if (Math.max(word.length, candidate.length) <= 3) return false;
    return slips(word, candidate) <= (candidate.length >= 6 ? 2 : 1);
  });
}

/** Letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
function slips(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
