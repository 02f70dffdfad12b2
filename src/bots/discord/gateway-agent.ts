// Leads the gateway's websocket through a proxy. discord.js gives `ws` neither an agent nor a way to hand it one, so the
// agent is added where `ws` asks Node for the connection; requests that are no websocket, or bring an agent, stay as they are.
import http from 'node:http';
import https from 'node:https';
import type { Outgoing } from '../../outgoing.ts';

type Ask = (options: http.RequestOptions, ...rest: unknown[]) => http.ClientRequest;

/** Node's own, whoever was led where before. */
const ASK = { ws: http.request, wss: https.request } as unknown as Record<'ws' | 'wss', Ask>;

export function leadGatewayThrough(agentOf: Outgoing['agentOf']): void {
  const leading = (scheme: 'ws' | 'wss') =>
    ((options: http.RequestOptions, ...rest: unknown[]) => {
      const agent = isBareWebSocket(options) ? agentOf(`${scheme}://${addressOf(options)}`) : undefined;
      return ASK[scheme](agent ? { ...options, agent } : options, ...rest);
    }) as unknown as typeof http.request;
  http.request = leading('ws');
  https.request = leading('wss');
}

function isBareWebSocket({ agent, headers }: http.RequestOptions): boolean {
  return agent === undefined && headers !== undefined && (headers as http.OutgoingHttpHeaders).Upgrade === 'websocket';
}

function addressOf({ host, port }: http.RequestOptions): string {
  return `${host?.includes(':') ? `[${host}]` : host}${port ? `:${port}` : ''}`;
}
