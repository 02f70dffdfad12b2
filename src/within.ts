// Commands wait while Redis is away; whoever asks how things are does not.

/** When there is no answer in time it is what `late` says, or rejects. */
export async function within<Value>(
  milliseconds: number,
  answer: Promise<Value>,
  late: () => Value = () => {
    throw new Error(`There was no answer in ${milliseconds / 1000} s.`);
  },
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  }).then(late);
  try {
    return await Promise.race([answer, expired]);
  } finally {
    clearTimeout(timer);
  }
}
