// The chat services that tokens are set for: whether they are reached, and how, and whether they take these tokens.
import { askApplication, describeReach } from '../../bots/discord/setup.ts';
import { examineSlack } from '../../bots/slack/setup.ts';
import type { Config, DiscordConfig, SlackConfig } from '../../config.ts';
import { createOutgoing } from '../../outgoing.ts';
import type { Finding } from './finding.ts';

export function checkDiscord(discord: DiscordConfig) {
  return async ({ proxies }: Config): Promise<Finding> => {
    const subject = 'Discord';
    const settings = { ...discord, outgoing: createOutgoing(proxies) };
    try {
      const { name } = await askApplication(settings);
      return { verdict: 'ok', subject, text: `${describeReach(settings).text} The token is that of ${name}.` };
    } catch (error) {
      return { verdict: 'fail', subject, text: (error as Error).message };
    }
  };
}

export function checkSlack(slack: SlackConfig) {
  return async ({ proxies }: Config): Promise<Finding> => {
    const subject = 'Slack';
    try {
      const lines = await examineSlack({ ...slack, outgoing: createOutgoing(proxies) }, undefined);
      const amiss = lines.filter(({ verdict }) => verdict !== 'ok');
      const told = amiss.length === 0 ? lines.slice(0, 2) : amiss;
      return { verdict: amiss.length === 0 ? 'ok' : 'fail', subject, text: told.map(({ text }) => text).join(' ') };
    } catch (error) {
      return { verdict: 'fail', subject, text: (error as Error).message };
    }
  };
}
