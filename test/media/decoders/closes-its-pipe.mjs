// Hangs up, and goes on.
import { closeSync } from 'node:fs';
import { decodeExcept } from './scripted.mjs';

setInterval(() => {}, 60_000);
decodeExcept({ inOpen: () => closeSync(3) });
