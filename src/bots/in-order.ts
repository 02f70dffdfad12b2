// Runs what concerns one key one after the other: a late progress edit must never overwrite the finished clip.

export type InOrder = <Value>(key: string, act: () => Promise<Value>) => Promise<Value>;

export function createInOrder(): InOrder {
  const tails = new Map<string, Promise<unknown>>();
  return (key, act) => {
    const before = tails.get(key) ?? Promise.resolve();
    const turn = before.then(act, act);
    tails.set(key, turn);
    const forget = () => {
      if (tails.get(key) === turn) tails.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  };
}
