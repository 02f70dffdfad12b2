// `npm run build`: the server to dist/, the page to dist/page/.
import { build } from './setup.mjs';

build();
