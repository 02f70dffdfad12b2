// The other thing that Node says to itself.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, send) => send({ cmd: 'NODE_HANDLE_NACK' }) });
