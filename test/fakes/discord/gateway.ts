// The gateway: identifies shards, sends each what happens in order, keeps it for whoever resumes, and drops or refuses
// connections when told to.
import type { Server } from 'node:http';
import { GatewayDispatchEvents, GatewayOpcodes } from 'discord.js';
import { type WebSocket, WebSocketServer } from 'ws';
import { APPLICATION_ID, BOT_ID, GUILD_ID, ROLE_ID, type World } from './world.ts';

const HEARTBEAT_MS = 41_250;
const SESSION = 'a-session-';

interface Packet {
  op: number;
  d?: unknown;
  s?: number;
  t?: string;
}

/** Of one shard, which several bots may serve: each is told everything. While nobody is connected, it is kept for a resume. */
interface Session {
  shard: number;
  socket: WebSocket | undefined;
  count: number;
  sent: Packet[];
}

/** Discord's own rule; direct messages come to the first. */
const shardOf = (guild: string | undefined, count: number): number =>
  guild === undefined ? 0 : Number((BigInt(guild) >> 22n) % BigInt(count));

export function serveGateway(server: Server, world: World, token: () => string) {
  let isRefusing = false;
  let fewestShards = 1;
  let tries = 0;
  let isResumable = true;
  let readies = 0;
  let identifies = 0;
  let isStorming = false;
  const sessions: Session[] = [];
  const sockets = new WebSocketServer({
    server,
    verifyClient: (_, answer) => {
      tries += 1;
      world.tell();
      answer(!isRefusing, 503);
    },
  });

  const send = (socket: WebSocket, packet: Packet) => socket.send(JSON.stringify(packet));

  const tellSession = (session: Session, t: string, d: unknown): void => {
    const packet = { op: GatewayOpcodes.Dispatch, t, d, s: session.sent.length + 1 };
    session.sent.push(packet);
    if (session.socket) send(session.socket, packet);
  };

  const identify = (socket: WebSocket, given: { token: string; shard?: [number, number] }, host: string): void => {
    if (given.token !== token()) {
      socket.close(4004, 'Authentication failed.');
      return;
    }
    const [shard, count] = given.shard ?? [0, 1];
    if (count < fewestShards) {
      socket.close(4011, 'Sharding required.');
      return;
    }
    identifies += 1;
    isResumable = !isStorming;
    readies += 1;
    // A new session begins with nothing: what came while nobody was there is gone, as with Discord.
    const session: Session = { shard, socket, count, sent: [] };
    sessions.push(session);
    const tell = (t: string, d: unknown) => tellSession(session, t, d);
    const isHere = !world.isWithoutBot && shardOf(GUILD_ID, count) === shard;
    tell(GatewayDispatchEvents.Ready, {
      v: 10,
      user: { id: BOT_ID, username: 'animate-bot', discriminator: '0', global_name: null, avatar: null, bot: true },
      guilds: [...(isHere ? [GUILD_ID] : []), ...world.awayServers].map((id) => ({ id, unavailable: true })),
      session_id: `${SESSION}${sessions.length - 1}`,
      resume_gateway_url: `ws://${host}`,
      application: { id: APPLICATION_ID, flags: 0 },
    });
    world.tell();
    if (!isHere) return;
    const channels = [...world.channels.values()].filter(({ guild, parent }) => guild === GUILD_ID && !parent);
    tell(GatewayDispatchEvents.GuildCreate, {
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
    if (isStorming) socket.close(4002, 'Decode error');
  };

  const resume = (socket: WebSocket, { seq, session_id: id }: { seq: number; session_id: string }): void => {
    const session = sessions[Number(id.slice(SESSION.length))];
    if (!isResumable || !session) {
      send(socket, { op: GatewayOpcodes.InvalidSession, d: false });
      return;
    }
    session.socket = socket;
    readies += 1;
    for (const packet of session.sent.filter(({ s = 0 }) => s > seq)) send(socket, packet);
    tellSession(session, GatewayDispatchEvents.Resumed, {});
    world.tell();
  };

  sockets.on('connection', (socket, { headers: { host = '' } }) => {
    send(socket, { op: GatewayOpcodes.Hello, d: { heartbeat_interval: HEARTBEAT_MS } });
    socket.on('message', (text) => {
      const { op, d } = JSON.parse(String(text)) as { op: number; d: never };
      if (op === GatewayOpcodes.Heartbeat) send(socket, { op: GatewayOpcodes.HeartbeatAck });
      if (op === GatewayOpcodes.Identify) identify(socket, d, host);
      if (op === GatewayOpcodes.Resume) resume(socket, d);
    });
    socket.on('close', () => {
      for (const session of sessions) if (session.socket === socket) session.socket = undefined;
      world.tell();
    });
  });

  return {
    dispatch(t: string, d: unknown, guild: string | undefined): void {
      for (const session of sessions) {
        if (shardOf(guild, session.count) === session.shard) tellSession(session, t, d);
      }
    },
    /** How often a shard has begun or resumed a session. */
    get readies() {
      return readies;
    },
    /** How many sessions were begun. */
    get identifies() {
      return identifies;
    },
    /** From now on each session ends as soon as it has begun, and is not resumed; or no more. */
    storm(isIt: boolean): void {
      isStorming = isIt;
    },
    /** How often somebody wanted a connection. */
    get tries() {
      return tries;
    },
    /** How many are connected. */
    get connections() {
      return sockets.clients.size;
    },
    /** The shards that have begun a session, as `id of count`. */
    get shards() {
      return [...new Set(sessions.map(({ shard, count }) => `${shard} of ${count}`))];
    },
    /** Bots with fewer shards are sent away for good. */
    requireShards(fewest: number): void {
      fewestShards = fewest;
    },
    /** New connections are answered with 503 from now on, or taken again. */
    refuse(isIt: boolean): void {
      isRefusing = isIt;
    },
    /** The connections break; `canResume: false` makes Discord forget the sessions, too. */
    drop({ canResume = true } = {}): void {
      isResumable = canResume;
      for (const session of sessions) {
        session.socket?.close(4000, 'Unknown error');
        session.socket = undefined;
      }
    },
    close(): void {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
