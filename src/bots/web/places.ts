// So many at once, and the others wait for a while: for what holds memory as long as it is under way.

export interface Places {
  /** Resolves to what gives the place back, once there is one; undefined where there was none within the time. */
  take(waitMs: number): Promise<(() => void) | undefined>;
  isIdle(): boolean;
}

export function createPlaces(most: number): Places {
  let free = most;
  const waiting: (() => void)[] = [];
  const give = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  /** Giving it back twice is giving it back once. */
  const hold = (): (() => void) => {
    let isHeld = true;
    return () => {
      if (isHeld) give();
      isHeld = false;
    };
  };

  return {
    async take(waitMs) {
      if (free > 0) {
        free -= 1;
        return hold();
      }
      return new Promise((resolve) => {
        const enter = () => {
          clearTimeout(timer);
          resolve(hold());
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(enter), 1);
          resolve(undefined);
        }, waitMs);
        waiting.push(enter);
      });
    },
    isIdle: () => free === most,
  };
}
