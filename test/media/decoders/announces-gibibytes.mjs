// Says that a body of nearly four GiB follows.
import { frame } from './channel.mjs';
import { decodeExcept } from './scripted.mjs';

decodeExcept({
  inConvert: (_answer, _send, reply, channel) => channel.write(frame(reply, Buffer.alloc(2 ** 16), 2 ** 32 - 1)),
});
