// What Node says to itself when sockets go from process to process.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, send) => send({ cmd: 'NODE_HANDLE_ACK' }) });
