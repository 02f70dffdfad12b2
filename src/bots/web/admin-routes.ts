// What the operator sees and does on the admin page. Whoever can open the chat page may: it is theirs, on their own machine or
// behind their own token.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { Health } from '../../queue/health.ts';
import { ADMIN_VERBS, type Handlers, type Member } from '../platform.ts';

const OPERATOR: Member = { id: 'operator', name: 'Operator' };

const requestSchema = z.object({
  verb: z.enum(ADMIN_VERBS),
  subject: z.string().min(1).max(200).optional(),
  isUndone: z.boolean().default(false),
});

export function serveAdmin(server: FastifyInstance, handlers: Handlers): void {
  server.get('/admin', (_request, reply) => reply.sendFile('admin.html'));

  server.get('/api/health', async (_request, reply): Promise<Health> => {
    reply.header('cache-control', 'no-store');
    return handlers.health();
  });

  server.post('/api/admin', async (request) => {
    const { success, data } = requestSchema.safeParse(request.body);
    if (!success) throw new UserError('bad_command', `Expected \`verb\` to be one of ${ADMIN_VERBS.join(', ')}.`);
    return { message: await handlers.administer({ ...data, by: OPERATOR }) };
  });
}
