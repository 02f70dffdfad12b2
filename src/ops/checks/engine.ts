// The engine itself: does it start as it is configured to, and does a test clip begin with its picture?
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runRender } from '../../gpu/run.ts';
import { openOneEngine } from '../../one-engine.ts';
import { frameCount, outputSize } from '../../render.ts';
import type { RoleOptions } from '../../roles/role.ts';
import { workerLockOf } from '../../roles/worker.ts';
import { isHeld } from '../lock.ts';
import { type Finding, lastLine } from './finding.ts';
import { drawTestPicture } from './test-picture.ts';

const PICTURE = { width: 832, height: 480 };
const IMAGE = 'doctor.png';

export async function checkEngine(role: RoleOptions): Promise<Finding> {
  const subject = 'Engine';
  const { config, shutdown } = role;
  if (config.engine.needsGpu && (await isHeld(workerLockOf(config)))) {
    const text = `left out, because the worker ${config.workerName} is running here; stop it first for a test clip`;
    return { verdict: 'ok', subject, text };
  }
  try {
    const started = performance.now();
    await using lease = await openOneEngine(role, '480p');
    const { engine, executor, gpu, memory } = await lease.client.health(shutdown.signal);
    const startSeconds = (performance.now() - started) / 1000;
    await writeFile(join(lease.engine.inputsFolder, IMAGE), drawTestPicture(PICTURE));
    const size = outputSize(PICTURE, '480p');
    const { seconds, similarity } = await runRender(lease, {
      id: 'doctor',
      body: { image: IMAGE, prompt: 'a slow zoom in', negative: '', ...size, frames: frameCount(1), seed: 1 },
      onProgress: () => undefined,
      cancelled: shutdown.signal,
      abandoned: new AbortController().signal,
      silenceMs: config.engineSilenceMs,
    });
    const renderSeconds = Object.values(seconds).reduce((sum, each) => sum + each, 0);
    const found = [
      `${engine} by ${executor}, ready in ${startSeconds.toFixed(1)} s`,
      ...(memory ? [memory] : []),
      ...(gpu ? [`${gpu.name} with kernels for ${gpu.architectures.join(', ')}`] : []),
      `a clip of 1 s in ${renderSeconds.toFixed(1)} s, whose first frame is the picture's (similarity ${similarity.toFixed(2)})`,
    ];
    return { verdict: 'ok', subject, text: found.join('; ') };
  } catch (error) {
    if (shutdown.signal.aborted) throw error;
    return {
      verdict: 'fail',
      subject,
      text: `${lastLine(error)}; expected a test clip: see docker/README.md, Troubleshooting`,
    };
  }
}
