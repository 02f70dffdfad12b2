// A file as Slack describes it: to whom, at what address, and where it is shared already.
import type { Service } from './method.ts';
import type { FakeFile, Json } from './world.ts';

const FILE_TYPES: Record<string, string> = { jpeg: 'jpg', quicktime: 'mov', plain: 'text', 'svg+xml': 'svg' };

export function toFileJson({ world, url }: Service, file: FakeFile): Json {
  const { id, name, title, mimetype, bytes, user, altText, createdAt, team } = file;
  // What is in a channel of two organisations must be asked for: the event does not describe it.
  if (file.isForeign)
    return { id, created: createdAt, timestamp: createdAt, user, mode: 'file_access', file_access: 'check_file_info' };
  const subtype = mimetype.split('/')[1] ?? '';
  const elsewhere = file.address;
  const place = `${url()}/files-pri/${team}-${id}`;
  const shares: Record<'public' | 'private', Record<string, Json[]>> = { public: {}, private: {} };
  for (const { channel, ts, thread } of file.shares) {
    const known = world.channels.get(channel);
    const kind = known?.kind === 'public' ? 'public' : 'private';
    shares[kind][channel] = [
      ...(shares[kind][channel] ?? []),
      {
        ts,
        channel_name: known?.name,
        team_id: team,
        share_user_id: user,
        source: 'UNKNOWN',
        ...(thread && { thread_ts: thread }),
      },
    ];
  }
  const channelsOf = (kinds: string[]) =>
    file.shares.flatMap(({ channel }) => (kinds.includes(world.channels.get(channel)?.kind ?? '') ? channel : []));
  return {
    id,
    created: createdAt,
    timestamp: createdAt,
    name,
    title,
    mimetype,
    size: bytes.length,
    user,
    user_team: team,
    filetype: FILE_TYPES[subtype] ?? subtype,
    pretty_type: subtype.toUpperCase(),
    mode: elsewhere ? 'external' : 'hosted',
    editable: false,
    is_external: elsewhere !== undefined,
    external_type: elsewhere ? 'gdrive' : '',
    is_public: channelsOf(['public']).length > 0,
    ...{ public_url_shared: false, display_as_bot: false, username: '', file_access: 'visible' },
    url_private: elsewhere ?? `${place}/${encodeURIComponent(name)}`,
    ...(!elsewhere && { url_private_download: `${place}/download/${encodeURIComponent(name)}` }),
    permalink: `https://garden.slack.com/files/${user}/${id}/${encodeURIComponent(name)}`,
    ...(altText !== undefined && !world.broken.has('descriptions') && { alt_txt: altText }),
    channels: channelsOf(['public']),
    groups: channelsOf(['private', 'group']),
    ims: channelsOf(['direct']),
    shares: Object.fromEntries(Object.entries(shares).filter(([, of]) => Object.keys(of).length > 0)),
    comments_count: 0,
    is_starred: false,
    has_rich_preview: false,
  };
}
