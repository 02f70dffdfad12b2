// oauth.v2.access, the page before it, and the addresses for late answers: what needs no bot token.

import type { FastifyInstance } from 'fastify';
import { faultsOfBlocks, withIds } from './block-kit.ts';
import { type Methods, Refusal, refuseArguments, type Service } from './method.ts';
import { APP_ID, type FakeMessage, type FakeTeam, type Json, type World } from './world.ts';

export const CLIENT_ID = '1111111111.2222222222';
export const CLIENT_SECRET = 'a-client-secret-of-tests';

const MOST_USES = 5;

export function installationMethods({ world }: Service): Methods {
  return {
    'oauth.v2.access': {
      tier: 'none',
      token: 'none',
      arguments: {
        ...{ client_id: 'text', client_secret: 'text', code: 'text', redirect_uri: 'text', grant_type: 'text' },
        ...{ refresh_token: 'text', code_verifier: 'text' },
      },
      run({ given }) {
        if (given.client_id !== CLIENT_ID) throw new Refusal('invalid_client_id');
        if (given.client_secret !== CLIENT_SECRET) throw new Refusal('bad_client_secret');
        const team = [...world.teams.values()].find(({ code }) => code !== '' && code === given.code);
        if (!team) throw new Refusal('invalid_code');
        team.code = '';
        return {
          access_token: team.botToken,
          token_type: 'bot',
          scope: team.scopes.join(','),
          bot_user_id: team.botUserId,
          ...{ app_id: APP_ID, team: { id: team.id, name: team.name }, enterprise: null, is_enterprise_install: false },
          authed_user: { id: [...world.members.keys()][0] },
        };
      },
    },
  };
}

/** A member agrees at once to whatever the page asks for. */
export function addInstallationPage(app: FastifyInstance, world: World): void {
  app.get<{ Querystring: Record<string, string> }>('/oauth/v2/authorize', async (request, reply) => {
    const { client_id: client, redirect_uri: redirect = '', state = '' } = request.query;
    const team = [...world.teams.values()].findLast(({ code }) => code !== '') as FakeTeam | undefined;
    if (client !== CLIENT_ID || !team) return reply.code(400).send('invalid_client_id');
    const back = new URL(redirect);
    back.search = new URLSearchParams({ code: team.code, state }).toString();
    return reply.redirect(back.href);
  });
}

interface LateAnswer {
  text?: string;
  blocks?: Json[];
  response_type?: 'ephemeral' | 'in_channel';
  replace_original?: boolean;
  delete_original?: boolean;
  thread_ts?: string;
}

export function addResponseAddresses(app: FastifyInstance, world: World, faults: string[]): void {
  app.post<{ Params: { id: string } }>('/response/:id', async (request, reply) => {
    const address = world.responseAddresses.get(request.params.id);
    if (!address || Date.now() > address.endsAt) return reply.code(404).send({ ok: false, error: 'expired_url' });
    if (address.uses >= MOST_USES) return reply.code(404).send({ ok: false, error: 'used_url' });
    const given = (request.body ?? {}) as LateAnswer;
    const wrong = given.blocks ? faultsOfBlocks(given.blocks) : [];
    if (wrong.length > 0) {
      faults.push(`response_url: ${wrong.join(', ')}`);
      throw refuseArguments('invalid_blocks', wrong);
    }
    if (!given.text && !given.blocks && !given.delete_original) throw new Refusal('no_text', {}, true);
    address.uses += 1;
    answer(world, address, given);
    return { ok: true };
  });
}

function answer(
  world: World,
  { member, channel, message }: { member: string; channel: string; message: object | undefined },
  given: LateAnswer,
): void {
  const { text = '', blocks = [], response_type: type = 'ephemeral', thread_ts: thread } = given;
  const content = { text, blocks: withIds(blocks, () => world.newId('')) };
  const original = message as FakeMessage | undefined;
  if (original && 'edits' in original && (given.replace_original || given.delete_original)) {
    if (given.delete_original) world.remove(original);
    else world.keep({ ...original, ...content, edits: [...original.edits, { at: Date.now(), text }] });
    return;
  }
  if (type === 'in_channel') {
    const team = world.teams.get(world.channels.get(channel)?.team ?? '');
    world.keep({
      ...{ ts: world.newTs(), channel, thread, user: team?.botUserId ?? '', isFromBot: true, subtype: 'bot_message' },
      ...{ metadata: undefined, files: [], reactions: [], edits: [], ...content },
    });
    return;
  }
  world.showAlone({ ts: world.newTs(), to: member, channel, thread, via: 'response_url', ...content });
}
