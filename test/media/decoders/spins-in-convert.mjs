// Is busy for ever, and deaf to everything but SIGKILL.
import { decodeExcept } from './scripted.mjs';

process.on('SIGTERM', () => {});
decodeExcept({
  inConvert() {
    for (;;);
  },
});
