// The render server's messages, held to the recorded examples that the Python tests read too.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  cancelAnswerSchema,
  engineEventSchema,
  FAILURE_CODES,
  HEALTH_ERROR_CODES,
  healthSchema,
  REFUSAL_CODES,
  refusalSchema,
} from '../../src/gpu/protocol.ts';

const examples = JSON.parse(readFileSync(new URL('../contract/render-server.json', import.meta.url), 'utf8')) as {
  health: { lastError: { code: string } | null }[];
  events: { stage: string; code?: string }[];
  refusals: { body: { code: string } }[];
  cancels: object[];
};

test.each(examples.health)('health in state $state is read whole', (example) => {
  expect(healthSchema.parse(example)).toEqual(example);
});

test.each(examples.events)('an event of stage $stage $code is read whole', (example) => {
  expect(engineEventSchema.parse(example)).toEqual(example);
});

test.each(examples.refusals)('a refusal with status $status $body.code is read whole', ({ body }) => {
  expect(refusalSchema.parse(body)).toEqual(body);
});

test.each(examples.cancels)('a cancel that was $freed is read whole', (example) => {
  expect(cancelAnswerSchema.parse(example)).toEqual(example);
});

test.each([
  ['refusal', REFUSAL_CODES, examples.refusals.map(({ body }) => body.code)],
  ['failure', FAILURE_CODES, examples.events.flatMap(({ code }) => code ?? [])],
  ['error in health', HEALTH_ERROR_CODES, examples.health.flatMap(({ lastError }) => lastError?.code ?? [])],
])('there is an example for every code of a %s, and no other', (_, known, recorded) => {
  expect(recorded.toSorted()).toEqual(known.toSorted());
});

test('a failure that only a later engine knows is a failure of the engine, in its own words', () => {
  const failed = { stage: 'failed', elapsed: 1, code: 'gpu_on_fire', message: 'The GPU is on fire.', retry: false };
  expect(engineEventSchema.parse(failed)).toEqual({ ...failed, code: 'engine_error' });
});

test('an event of a stage that is not in the contract is refused', () => {
  expect(engineEventSchema.safeParse({ stage: 'dreaming', elapsed: 1 }).success).toBe(false);
});

test('a sentence of an engine is cut, and a name that is no name is refused', () => {
  const long = 'x'.repeat(60_000);
  const failed = { stage: 'failed', elapsed: 1, code: 'engine_error', message: long, retry: false };
  expect(engineEventSchema.parse(failed)).toMatchObject({ message: 'x'.repeat(500) });
  expect(refusalSchema.parse({ code: 'busy', message: long }).message).toHaveLength(500);
  const [health] = examples.health;
  for (const strange of [{ engine: long }, { model: long }, { executor: long }, { renderId: long }]) {
    expect(healthSchema.safeParse({ ...health, ...strange }).success).toBe(false);
  }
  const deepFolder = '/weights'.repeat(100);
  expect(healthSchema.parse({ ...health, model: deepFolder }).model).toBe(deepFolder);
  expect(healthSchema.parse({ ...health, memory: long }).memory).toHaveLength(500);
  const done = examples.events.find(({ stage }) => stage === 'done') as unknown as { result: object };
  const stages = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`stage-${index}`, 1]));
  for (const strange of [{ engine: long }, { model: long }, { seconds: { [long]: 1 } }, { seconds: stages }]) {
    expect(engineEventSchema.safeParse({ ...done, result: { ...done.result, ...strange } }).success).toBe(false);
  }
});
