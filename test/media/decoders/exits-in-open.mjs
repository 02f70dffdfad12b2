// Ends with an exit code.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: () => process.exit(3) });
