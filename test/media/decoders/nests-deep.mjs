// Objects in objects, so many that a reader which calls itself for each runs out of stack.
import { frame } from './channel.mjs';
import { decodeExcept } from './scripted.mjs';

const DEPTH = 300_000;
const header = Buffer.from(`${'{"a":'.repeat(DEPTH)}0${'}'.repeat(DEPTH)}`);

decodeExcept({ inOpen: (_answer, _send, _reply, channel) => channel.write(frame(header)) });
