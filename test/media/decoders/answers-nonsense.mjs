// Says something that is not in the protocol.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, send) => send(null) });
