// Hands over words where the picture should be.
import { decodeExcept } from './scripted.mjs';

decodeExcept({
  inConvert: (_answer, send, reply) => send({ ...reply, picture: { ...reply.picture, png: 'a picture' } }),
});
