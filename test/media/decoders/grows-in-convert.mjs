// Takes more and more memory, in steps that leave the machine standing.
import { decodeExcept } from './scripted.mjs';

const STEP_BYTES = 16 * 1024 * 1024;
const MOST_STEPS = 64;

decodeExcept({
  inConvert() {
    const kept = [];
    const growing = setInterval(() => {
      kept.push(Buffer.alloc(STEP_BYTES, 1));
      if (kept.length === MOST_STEPS) clearInterval(growing);
    }, 10);
  },
});
