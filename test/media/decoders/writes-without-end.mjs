// Announces the largest picture, and then writes for as long as anybody reads.
import { frame } from './channel.mjs';
import { decodeExcept } from './scripted.mjs';

const BYTES = Buffer.alloc(2 ** 20, 7);

decodeExcept({
  inConvert(_answer, _send, { picture, ...reply }, channel) {
    const { width, height } = picture;
    channel.write(frame({ ...reply, picture: { width, height } }, BYTES, 2 ** 24));
    const write = () => channel.write(BYTES, write);
    write();
  },
});
