// Hands over the bytes of something else than a PNG.
import { decodeExcept } from './scripted.mjs';

const SVG = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>');

decodeExcept({
  inConvert: (_answer, send, reply) => send({ ...reply, picture: { ...reply.picture, png: SVG } }),
});
