// The GPUs of a machine, told by a program that says what nvidia-smi says.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseGpus, findGpus } from '../../src/gpu/devices.ts';
import { installCards, installNvidiaSmi } from '../fakes/gpus.ts';

let folder: string;
const path = process.env.PATH ?? '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devices-'));
});

afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true });
});

const installTool = async (script: string) => {
  process.env.PATH = await installNvidiaSmi(folder, script);
};

const TWO_CARDS = [
  { id: 'GPU-aaaa-1111', name: 'NVIDIA GeForce RTX 5090', mebibytes: 32_607 },
  { id: 'GPU-bbbb-2222', name: 'NVIDIA GeForce RTX 4090', mebibytes: 24_564, computeCapability: '8.9' },
];

test('every card is found, with what decides which renders it can take', async () => {
  process.env.PATH = await installCards(folder, TWO_CARDS);
  const [first, second] = await findGpus();
  expect(first).toEqual({
    index: 0,
    id: 'GPU-aaaa-1111',
    name: 'NVIDIA GeForce RTX 5090',
    memoryBytes: 32_607 * 2 ** 20,
    computeCapability: '12.0',
    driver: '580.95.05',
    usedBytes: 412 * 2 ** 20,
    temperature: 35,
    busy: 0,
  });
  expect(second).toMatchObject({ index: 1, id: 'GPU-bbbb-2222', computeCapability: '8.9' });
});

test('a machine without a driver has no cards, and one whose driver is broken says so', async () => {
  process.env.PATH = folder;
  expect(await findGpus()).toEqual([]);
  process.env.PATH = path;
  await installTool('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
  await expect(findGpus()).rejects.toMatchObject({
    code: 'setup_missing',
    message: 'nvidia-smi does not answer: Failed to initialize NVML: Driver/library version mismatch',
  });
  await installTool('echo No devices were found');
  await expect(findGpus()).rejects.toMatchObject({
    code: 'setup_missing',
    message: expect.stringMatching(/^nvidia-smi was asked for index, .*, and said: No devices were found$/),
  });
});

test('cards are chosen by number or id, each once, and one that is not there is told with those that are', async () => {
  process.env.PATH = await installCards(folder, TWO_CARDS);
  const found = await findGpus();
  const ids = (wanted: string) => chooseGpus(found, wanted).map(({ index }) => index);
  expect(ids('all')).toEqual([0, 1]);
  expect(ids('none')).toEqual([]);
  expect(ids('1, GPU-aaaa-1111, 1')).toEqual([1, 0]);
  expect(() => ids('0,2')).toThrow(
    'GPUS: expected 0 (NVIDIA GeForce RTX 5090, GPU-aaaa-1111), 1 (NVIDIA GeForce RTX 4090, GPU-bbbb-2222), got 2.',
  );
  expect(() => chooseGpus([], '0')).toThrow('GPUS: expected none, because nvidia-smi finds no GPU, got 0.');
});

test('what an H100 said is read as it is', async () => {
  await installTool(
    "echo '0, GPU-0755040c-b36e-3a01-8024-53a2383923e1, NVIDIA H100 80GB HBM3, 81559, 0, 9.0, 580.159.04, 35, 0'",
  );
  expect(await findGpus()).toEqual([
    {
      index: 0,
      id: 'GPU-0755040c-b36e-3a01-8024-53a2383923e1',
      name: 'NVIDIA H100 80GB HBM3',
      memoryBytes: 81_559 * 2 ** 20,
      usedBytes: 0,
      computeCapability: '9.0',
      driver: '580.159.04',
      temperature: 35,
      busy: 0,
    },
  ]);
});
