// A whole message of bytes that are nothing.
import { frame } from './channel.mjs';
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, _send, _reply, channel) => channel.write(frame(Buffer.alloc(64, 0xff))) });
