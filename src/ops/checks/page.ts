// Who may open the chat page, as it is configured.
import type { Config } from '../../config.ts';
import { isLoopback } from '../../loopback.ts';
import type { Finding } from './finding.ts';

export async function checkPage({ web }: Config): Promise<Finding> {
  const subject = 'Page';
  const { host, url, token, isOpen } = web;
  if (isOpen) {
    return {
      verdict: 'warn',
      subject,
      text: 'WEB_TOKEN=off: every account of this machine may use it, and is an admin of the bot; unset it unless they are all yours',
    };
  }
  const opens = `opened by its link${token === undefined ? '' : ' with WEB_TOKEN'}, which \`npm start -- page\` prints`;
  if (isLoopback(host) || url?.startsWith('https:')) return { verdict: 'ok', subject, text: opens };
  return {
    verdict: 'warn',
    subject,
    text: `${opens}; WEB_HOST=${host} takes plain HTTP, so whoever is on the way can read along: put HTTPS before it and set WEB_URL`,
  };
}
