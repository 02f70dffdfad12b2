// As deep as a message of the largest allowed length can be.
import { frame } from './channel.mjs';
import { decodeExcept } from './scripted.mjs';

const DEPTH = 2 ** 14;
const header = Buffer.from('['.repeat(DEPTH) + ']'.repeat(DEPTH));

decodeExcept({ inOpen: (_answer, _send, _reply, channel) => channel.write(frame(header)) });
