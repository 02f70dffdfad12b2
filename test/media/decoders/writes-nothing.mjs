// An empty message.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, _send, _reply, channel) => channel.write(Buffer.alloc(8)) });
