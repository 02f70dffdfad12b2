// What the environment may say, and how a fault in it is told.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeEnvironment, loadConfig } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';

test('an empty environment gives the defaults, and an empty variable counts as unset', () => {
  expect(loadConfig({ WEB_TOKEN: '', WEB_PORT: '' })).toEqual(loadConfig({}));
  expect(loadConfig({}).web).toEqual({
    host: '127.0.0.1',
    port: 8470,
    url: undefined,
    token: undefined,
    isOpen: false,
  });
});

test('all faults are told at once, each by the name of its variable, without echoing a secret', () => {
  const load = () =>
    loadConfig({ WEB_PORT: '99999', ENGINE_SILENCE_SECONDS: 'soon', WEB_TOKEN: 'hush', LOG_FORMAT: 'xml' });
  expect(load).toThrow(ConfigError);
  try {
    load();
  } catch (error) {
    const { faults } = error as ConfigError;
    expect(faults).toHaveLength(4);
    expect(faults.join('\n')).toContain('WEB_PORT: expected a whole number from 0 to 65535, got "99999"');
    expect(faults.join('\n')).toContain('LOG_FORMAT: expected one of auto, pretty, json, got "xml"');
    expect(faults.join('\n')).not.toContain('hush');
  }
});

test('a page that others can reach asks for a token, and a fault in that is told together with every other', () => {
  expect(() => loadConfig({ WEB_HOST: '0.0.0.0', WEB_PORT: 'x', WEB_TOKEN: 'off' })).toThrow(
    /WEB_PORT: expected .*\n?.*WEB_TOKEN: expected a secret, because others can reach WEB_HOST=0\.0\.0\.0, got off/s,
  );
  for (const host of ['localhost', '127.0.0.1', '::1']) {
    expect(loadConfig({ WEB_HOST: host, WEB_TOKEN: 'off' }).web).toMatchObject({
      host,
      token: undefined,
      isOpen: true,
    });
  }
  expect(loadConfig({ WEB_HOST: '0.0.0.0' }).web).toMatchObject({ token: undefined, isOpen: false });
  expect(loadConfig({ WEB_HOST: '0.0.0.0', WEB_TOKEN: 'sixteen-letters-x' }).web.token).toBe('sixteen-letters-x');
});

test.each([
  ['https://bot.example', 'https://bot.example'],
  ['https://bot.example:8443/', 'https://bot.example:8443'],
  ['http://192.168.1.4:8470', 'http://192.168.1.4:8470'],
])('WEB_URL %s is where links lead to', (given, url) => {
  expect(loadConfig({ WEB_URL: given }).web.url).toBe(url);
});

test.each(['bot.example', 'https://bot.example/page', 'https://ada@bot.example', 'https://', 'ftp://bot.example'])(
  'WEB_URL %s is told as a fault',
  (WEB_URL) => {
    expect(() => loadConfig({ WEB_URL })).toThrow('WEB_URL: expected https://… without a path');
  },
);

test('health and metrics are served where they are asked for, and beyond loopback with a token alone', () => {
  expect(loadConfig({}).ops).toEqual({ host: '127.0.0.1', port: undefined, token: undefined });
  expect(() => loadConfig({ OPS_HOST: '0.0.0.0', OPS_PORT: '9100' })).toThrow(
    /OPS_TOKEN: expected a secret, because others can reach OPS_HOST=0\.0\.0\.0, got none/,
  );
  const OPS_TOKEN = 'sixteen-letters-x';
  expect(loadConfig({ OPS_HOST: '0.0.0.0', OPS_PORT: '9100', OPS_TOKEN }).ops.port).toBe(9100);
});

test('traces are sent with the headers that are given, and a fault in those echoes none of them', () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://localhost:4318';
  const given = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b,x-team=clips' };
  expect(loadConfig(given).traces).toEqual({
    endpoint: OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: { 'x-key': 'a b', 'x-team': 'clips' },
  });
  const load = () => loadConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'secret without a name' });
  expect(load).toThrow(/OTEL_EXPORTER_OTLP_HEADERS: expected name=value between commas, got 21 characters/);
  expect(() => loadConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'x=%zz' })).toThrow(ConfigError);
});

test('an engine that there is not is told with those that there are', () => {
  expect(() => loadConfig({ ENGINE: 'fastvid' })).toThrow(
    /ENGINE: expected preview, fastvideo, .*diffusers.*, or a Python module:factory, got "fastvid"/,
  );
  for (const ENGINE of ['preview', 'fastvideo-ray', 'my_engines.blur:create']) {
    expect(loadConfig({ ENGINE }).engine.name).toBe(ENGINE);
  }
});

test('an engine gets what libraries on a GPU look for, and no token', () => {
  const { engine } = loadConfig({
    CUDA_VISIBLE_DEVICES: 'GPU-1234',
    HF_HOME: '/weights',
    LD_LIBRARY_PATH: '/opt/cuda/lib64',
    FASTVIDEO_ATTENTION_BACKEND: 'TORCH_SDPA',
    HF_TOKEN: 'hf_secret',
    DISCORD_TOKEN: 'a.secret.token',
    REDIS_URL: 'redis://:secret@localhost',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
  expect(engine.environment).toEqual({
    CUDA_VISIBLE_DEVICES: 'GPU-1234',
    HF_HOME: '/weights',
    LD_LIBRARY_PATH: '/opt/cuda/lib64',
    FASTVIDEO_ATTENTION_BACKEND: 'TORCH_SDPA',
  });
});

test('a bucket is told whole or not at all, and its secret is never told back', () => {
  const whole = { S3_BUCKET: 'clips', S3_ACCESS_KEY_ID: 'key', S3_SECRET_ACCESS_KEY: 'secret' };
  expect(loadConfig({}).bucket).toBeUndefined();
  expect(loadConfig(whole).bucket).toMatchObject({ bucket: 'clips', endpoint: undefined, region: 'us-east-1' });
  for (const name of Object.keys(whole)) {
    expect(() => loadConfig({ ...whole, [name]: '' })).toThrow(`${name}: expected a value, because S3_`);
  }
  expect(() => loadConfig({ S3_ENDPOINT: 's3.example.com' })).toThrow(
    /S3_ENDPOINT: expected http.*S3_BUCKET: expected/s,
  );
});

test('an engine that takes many steps makes the best quality, and the others the fast one', () => {
  const qualities = ['preview', 'fastvideo', 'diffusers', 'diffusers-best', 'diffusers-a14b'].map(
    (ENGINE) => loadConfig({ ENGINE }).engine.quality,
  );
  expect(qualities).toEqual(['fast', 'fast', 'fast', 'best', 'best']);
});

test('admins of Discord are members and roles by id, and anything else is refused', () => {
  const token = { DISCORD_TOKEN: 'a.secret.token' };
  expect(loadConfig({}).discord).toBeUndefined();
  expect(loadConfig({ ...token, DISCORD_ADMINS: '300000000000000001 , 400000000000000001' }).discord?.admins).toEqual([
    '300000000000000001',
    '400000000000000001',
  ]);
  expect(() => loadConfig({ ...token, DISCORD_ADMINS: 'Ada' })).toThrow(
    'DISCORD_ADMINS: expected ids of members and roles between commas, got "Ada"',
  );
});

test('.env.example is what the schema says', () => {
  expect(readFileSync(new URL('../.env.example', import.meta.url), 'utf8')).toBe(describeEnvironment());
});

const SLACK = { SLACK_BOT_TOKEN: 'xoxb-1-secret', SLACK_APP_TOKEN: 'xapp-1-secret' };
const SHOP = { SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: 'client-secret', SLACK_SECRET: 's'.repeat(32) };

test('Slack is one workspace by its token, or many that install the app, over a socket or by signed requests', () => {
  expect(loadConfig({}).slack).toBeUndefined();
  expect(loadConfig({ SLACK_HOST: '0.0.0.0', SLACK_PORT: '1' }).slack).toBeUndefined();
  expect(loadConfig({ ...SLACK, SLACK_ADMINS: 'U1, S2' }).slack).toMatchObject({
    ...{ botToken: 'xoxb-1-secret', appToken: 'xapp-1-secret', admins: ['U1', 'S2'], isShared: false, port: 8471 },
    oauth: undefined,
  });
  expect(loadConfig({ ...SHOP, SLACK_SIGNING_SECRET: 'sixteen-letters-x' }).slack).toMatchObject({
    ...{ botToken: undefined, appToken: undefined, oauth: { clientId: '1.2', clientSecret: 'client-secret' } },
  });
});

test.each([
  [
    { SLACK_APP_TOKEN: SLACK.SLACK_APP_TOKEN },
    ['SLACK_BOT_TOKEN: expected the token of a bot, because SLACK_APP_TOKEN is set, got none'],
  ],
  [
    { SLACK_BOT_TOKEN: SLACK.SLACK_BOT_TOKEN },
    [
      'SLACK_APP_TOKEN: expected an app-level token (or SLACK_SIGNING_SECRET), because SLACK_BOT_TOKEN is set, got none',
    ],
  ],
  [
    { ...SLACK, ...SHOP },
    ['SLACK_BOT_TOKEN: expected none, because workspaces install the app (SLACK_CLIENT_ID), got one'],
  ],
  [
    { ...SLACK, SLACK_BOT_TOKEN: '', SLACK_CLIENT_ID: '1.2' },
    [
      'SLACK_CLIENT_SECRET: expected a value, because SLACK_CLIENT_ID is set, got none',
      'SLACK_SECRET: expected a value, because SLACK_CLIENT_ID is set, got none',
    ],
  ],
  [
    { ...SLACK, SLACK_BOT_TOKEN: 'xoxp-1-secret' },
    ['SLACK_BOT_TOKEN: expected the token of a bot, which begins with xoxb-, got 13 characters that are not'],
  ],
  [
    { ...SLACK, SLACK_APP_TOKEN: 'xoxb-1-secret' },
    ['SLACK_APP_TOKEN: expected an app-level token, which begins with xapp-, got 13 characters that are not'],
  ],
  [
    { ...SLACK, SLACK_ADMINS: '@ada' },
    ['SLACK_ADMINS: expected ids of members (U…) and user groups (S…) between commas, got "@ada"'],
  ],
  [{ ...SLACK, SLACK_SHARED_CHANNELS: 'yes' }, ['SLACK_SHARED_CHANNELS: expected one of true, false, got "yes"']],
  [
    { ...SHOP, SLACK_SECRET: 'short', SLACK_SIGNING_SECRET: 'short' },
    [
      'SLACK_SIGNING_SECRET: expected at least 16 characters, got 5 characters that are not',
      'SLACK_SECRET: expected at least 32 characters, such as `openssl rand -hex 32` gives, got 5 characters that are not',
    ],
  ],
  [{ ...SLACK, SLACK_API_URL: 'slack.com' }, ['SLACK_API_URL: expected http://… or https://…, got "slack.com"']],
])('%j is told by its faults, without a secret', (environment, faults) => {
  try {
    loadConfig(environment as NodeJS.ProcessEnv);
    expect.unreachable();
  } catch (error) {
    expect((error as ConfigError).faults).toEqual(faults);
  }
});
