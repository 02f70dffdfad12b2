// The render server's messages, held to the recorded examples that the Python tests read too.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cancelAnswerSchema, engineEventSchema, healthSchema, refusalSchema } from '../../src/gpu/protocol.ts';

const examples = JSON.parse(readFileSync(new URL('../contract/render-server.json', import.meta.url), 'utf8')) as {
  health: object[];
  events: object[];
  refusals: { body: object }[];
  cancels: object[];
};

test.each(examples.health)('health in state $state is read whole', (example) => {
  expect(healthSchema.parse(example)).toEqual(example);
});

test.each(examples.events)('an event of stage $stage is read whole', (example) => {
  expect(engineEventSchema.parse(example)).toEqual(example);
});

test.each(examples.refusals)('a refusal with status $status is read whole', ({ body }) => {
  expect(refusalSchema.parse(body)).toEqual(body);
});

test.each(examples.cancels)('a cancel that was $freed is read whole', (example) => {
  expect(cancelAnswerSchema.parse(example)).toEqual(example);
});

test('an event of a stage that is not in the contract is refused', () => {
  expect(engineEventSchema.safeParse({ stage: 'dreaming', elapsed: 1 }).success).toBe(false);
});
