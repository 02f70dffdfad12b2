// Which browsers are logged in, and how that ends: for this one, for all others, or for all.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { Access } from './access.ts';
import type { BrowserSession } from './wire.ts';

const endSchema = z.object({ which: z.enum(['this', 'others', 'all']) });

export interface SessionRoutesOptions {
  access: Access;
  /** Called after some have ended: what they have open is to be closed. */
  ended(): Promise<void>;
}

export function serveSessions(server: FastifyInstance, { access, ended }: SessionRoutesOptions): void {
  server.get('/api/sessions', async (request, reply): Promise<{ sessions: BrowserSession[] }> => {
    reply.header('cache-control', 'no-store');
    const own = access.sessionOf(request);
    const all = await access.sessions.list();
    return { sessions: all.map(({ name, createdAt, seenAt }) => ({ createdAt, seenAt, isThis: name === own?.name })) };
  });

  server.post('/api/sessions/end', async (request, reply) => {
    const { success, data } = endSchema.safeParse(request.body);
    if (!success) throw new UserError('bad_command', 'Expected `which` to be this, others or all, got something else.');
    const own = access.sessionOf(request)?.name;
    const isMeant = (name: string): boolean => data.which === 'all' || (name === own) === (data.which === 'this');
    const names = (await access.sessions.list()).map(({ name }) => name).filter(isMeant);
    await access.sessions.end(names);
    if (data.which !== 'others') access.forget(reply);
    await ended();
    return { message: names.length === 1 ? 'Logged 1 browser out.' : `Logged ${names.length} browsers out.` };
  });
}
