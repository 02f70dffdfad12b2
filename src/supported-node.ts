// Imported first: on a Node that we do not support, one sentence in the place of whatever would fail later.
import { EXPECTED_NODE, isSupportedNode } from './node-version.ts';

if (!isSupportedNode(process.versions.node)) {
  process.stderr.write(
    `Expected Node ${EXPECTED_NODE}, got ${process.versions.node}. \`npm start --\` in the place of \`node dist/main.js\` brings one.\n`,
  );
  process.exit(2);
}
