// The two cookies of a browser: its session, and who its member is. Only this server reads them, and only this site's own pages send them.
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSameSecret } from '../../same-secret.ts';
import { LONGEST_SESSION_MS } from './sessions.ts';

const COOKIE_SECONDS = LONGEST_SESSION_MS / 1000;

export type Cookies = ReturnType<typeof createCookies>;

/** `isSecure`: browsers send them over HTTPS alone. */
export function createCookies({ key, isSecure }: { key: string; isSecure: boolean }) {
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  // Cookies go to every port of a host: two installations on one machine would log each other out.
  const installation = sign('cookies')
    .replace(/[^a-z0-9]/gi, '')
    .slice(0, 8);
  const [session, member] = [`animate_session_${installation}`, `animate_member_${installation}`];
  const write = (reply: FastifyReply, name: string, value: string, seconds: number): void => {
    const where = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    reply.header('set-cookie', `${name}=${value}; ${where}`);
  };

  return {
    readSession: (request: FastifyRequest): string | undefined => read(request.headers.cookie, session),
    writeSession: (reply: FastifyReply, id: string): void => write(reply, session, id, COOKIE_SECONDS),
    clearSession: (reply: FastifyReply): void => write(reply, session, '', 0),

    /** The member's id, if it was us who gave it to this browser. */
    readMember(request: FastifyRequest): string | undefined {
      const [id = '', signature = ''] = read(request.headers.cookie, member)?.split('.') ?? [];
      return isSameSecret(signature, sign(`member ${id}`)) ? id : undefined;
    },

    writeMember: (reply: FastifyReply, id: string): void =>
      write(reply, member, `${id}.${sign(`member ${id}`)}`, COOKIE_SECONDS),
  };
}

function read(header: string | undefined, name: string): string | undefined {
  const prefix = `${name}=`;
  return header
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(prefix))
    ?.slice(prefix.length);
}
