// Has one more answer than it was asked for, which must not become the next one.
import { decodeExcept } from './scripted.mjs';

decodeExcept({
  inOpen(answer) {
    answer();
    answer();
  },
});
