// The gateway: identifies, sends what happens in order, keeps it for whoever resumes, and drops connections when told to.
import type { Server } from 'node:http';
import { GatewayDispatchEvents, GatewayOpcodes } from 'discord.js';
import { type WebSocket, WebSocketServer } from 'ws';
import { APPLICATION_ID, BOT_ID, GUILD_ID, ROLE_ID, type World } from './world.ts';

const HEARTBEAT_MS = 41_250;
const SESSION_ID = 'a-session-of-tests';

interface Packet {
  op: number;
  d?: unknown;
  s?: number;
  t?: string;
}

export function serveGateway(server: Server, world: World, token: () => string) {
  const sockets = new WebSocketServer({ server });
  const sent: Packet[] = [];
  let current: WebSocket | undefined;
  let isIdentified = false;
  let isResumable = true;
  let readies = 0;

  const send = (socket: WebSocket, packet: Packet) => socket.send(JSON.stringify(packet));

  const dispatch = (t: string, d: unknown): void => {
    const packet = { op: GatewayOpcodes.Dispatch, t, d, s: sent.length + 1 };
    sent.push(packet);
    if (current && isIdentified) send(current, packet);
  };

  const identify = (socket: WebSocket, given: { token: string }): void => {
    if (given.token !== token()) {
      socket.close(4004, 'Authentication failed.');
      return;
    }
    isIdentified = true;
    isResumable = true;
    readies += 1;
    // A new session begins with nothing: what came while nobody was there is gone, as with Discord.
    sent.length = 0;
    const { port } = server.address() as { port: number };
    dispatch(GatewayDispatchEvents.Ready, {
      v: 10,
      user: { id: BOT_ID, username: 'animate-bot', discriminator: '0', global_name: null, avatar: null, bot: true },
      guilds: [{ id: GUILD_ID, unavailable: true }],
      session_id: SESSION_ID,
      resume_gateway_url: `ws://127.0.0.1:${port}`,
      application: { id: APPLICATION_ID, flags: 0 },
    });
    const channels = [...world.channels.values()].filter(({ guild, parent }) => guild === GUILD_ID && !parent);
    dispatch(GatewayDispatchEvents.GuildCreate, {
      id: GUILD_ID,
      name: 'The garden',
      owner_id: '1',
      premium_tier: world.boosts,
      roles: [{ id: ROLE_ID, name: 'Gardeners', permissions: '0', position: 1, color: 0, colors: {}, flags: 0 }],
      emojis: [],
      stickers: [],
      features: [],
      members: [],
      threads: [],
      presences: [],
      voice_states: [],
      stage_instances: [],
      guild_scheduled_events: [],
      soundboard_sounds: [],
      channels: channels.map(({ id, type, name, nsfw }) => ({
        ...{ id, type, name, nsfw, guild_id: GUILD_ID, permission_overwrites: [] },
      })),
    });
    world.tell();
  };

  const resume = (socket: WebSocket, { seq }: { seq: number }): void => {
    if (!isResumable) {
      send(socket, { op: GatewayOpcodes.InvalidSession, d: false });
      return;
    }
    isIdentified = true;
    readies += 1;
    for (const packet of sent.filter(({ s = 0 }) => s > seq)) send(socket, packet);
    dispatch(GatewayDispatchEvents.Resumed, {});
    world.tell();
  };

  sockets.on('connection', (socket) => {
    current = socket;
    isIdentified = false;
    send(socket, { op: GatewayOpcodes.Hello, d: { heartbeat_interval: HEARTBEAT_MS } });
    socket.on('message', (text) => {
      const { op, d } = JSON.parse(String(text)) as { op: number; d: never };
      if (op === GatewayOpcodes.Heartbeat) send(socket, { op: GatewayOpcodes.HeartbeatAck });
      if (op === GatewayOpcodes.Identify) identify(socket, d);
      if (op === GatewayOpcodes.Resume) resume(socket, d);
    });
  });

  return {
    dispatch,
    /** How often a bot has begun or resumed a session. */
    get readies() {
      return readies;
    },
    /** The connection breaks; `canResume: false` makes Discord forget the session, too. */
    drop({ canResume = true } = {}): void {
      isResumable = canResume;
      current?.close(4000, 'Unknown error');
    },
    close(): void {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
