// Ends as a decoder library does that reads where it may not.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inConvert: () => process.kill(process.pid, 'SIGSEGV') });
