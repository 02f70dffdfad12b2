// Slack's own hosts of files, and which of them are told the token. An organisation's files are sent on from one to another.

interface MediaHost {
  /** It, and all below it. */
  name: string;
  /** Addresses of the others are signed by themselves. */
  takesToken: boolean;
}

const MEDIA_HOSTS: readonly MediaHost[] = [
  { name: 'slack.com', takesToken: true },
  { name: 'slack-files.com', takesToken: true },
  { name: 'slack-gov.com', takesToken: true },
  { name: 'slack-edge.com', takesToken: false },
];

export function findMediaHost({ protocol, port, hostname }: URL): MediaHost | undefined {
  if (protocol !== 'https:' || port !== '') return undefined;
  return MEDIA_HOSTS.find(({ name }) => hostname === name || hostname.endsWith(`.${name}`));
}

/** Slack sends a reader who may not see a file to log in, and from there back to it. */
export function asksToLogIn({ pathname, searchParams }: URL): boolean {
  return searchParams.has('redir') && !pathname.startsWith('/files');
}
