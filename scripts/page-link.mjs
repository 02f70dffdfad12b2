// The way into the page of a bot that a script has started: its link, as an operator has it printed, and the cookies that it gives.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** `env` is what the bot was started with, `address` what its log says. */
export function pageLink(env, address) {
  const links = execFileSync(process.execPath, [join(root, 'dist', 'main.js'), 'page'], { env, encoding: 'utf8' });
  return links.split('\n').find((link) => link.startsWith(`${address}/`));
}

/** The headers of a browser that has followed it. */
export async function logIn(link) {
  const response = await fetch(link, { redirect: 'manual' });
  if (response.status !== 303) throw new Error(`Expected to be let in, got ${response.status}`);
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return { cookie: cookies.join('; ') };
}
