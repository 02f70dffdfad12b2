// What renders: the GPUs of this machine, and the Docker engine that containers with them run on.
import type { Config } from '../../config.ts';
import { describeTooSmall, resolutionsOf } from '../../gpu/capacity.ts';
import { chooseGpus, findGpus, type Gpu } from '../../gpu/devices.ts';
import { examineDocker } from '../../gpu/docker-engine.ts';
import { type Finding, lastLine, withTimeout } from './finding.ts';

const MEBIBYTES_PER_GIBIBYTE = 1024;

export async function checkGpu({ engine, gpus }: Config): Promise<Finding> {
  const subject = 'GPU';
  try {
    const found = await findGpus();
    const chosen = gpus === 'none' ? found : chooseGpus(found, gpus);
    const tooSmall = chosen.filter((gpu) => resolutionsOf(gpu).length === 0).map(describeTooSmall);
    const large = chosen.filter((gpu) => resolutionsOf(gpu).length > 0);
    const text = [...large.map(describeGpu), ...tooSmall].join('; ');
    if (large.length > 0) return { verdict: tooSmall.length > 0 ? 'warn' : 'ok', subject, text };
    if (chosen.length > 0) return { verdict: 'fail', subject, text };
    if (!engine.needsGpu) {
      const nothing = 'none found by nvidia-smi; nothing to do for previews (a camera move over the still)';
      return { verdict: 'warn', subject, text: nothing };
    }
    const advice = `none found by nvidia-smi, and ENGINE=${engine.name} needs one; install NVIDIA's driver, or set ENGINE=preview`;
    return { verdict: 'fail', subject, text: advice };
  } catch (error) {
    return { verdict: 'fail', subject, text: `${lastLine(error)}; check the driver with nvidia-smi` };
  }
}

function describeGpu(gpu: Gpu): string {
  const { index, name, memoryBytes, usedBytes, computeCapability, driver, temperature } = gpu;
  const gibibytes = (bytes: number) => (bytes / 2 ** 20 / MEBIBYTES_PER_GIBIBYTE).toFixed(1);
  const memory = `${gibibytes(memoryBytes)} GiB, ${gibibytes(usedBytes)} in use`;
  const kernels = `sm_${computeCapability.replace('.', '')}`;
  return `${index}: ${name}, ${memory}, ${kernels}, ${temperature} °C, driver ${driver}, for ${resolutionsOf(gpu).join(' and ')}`;
}

export async function checkDocker({ runtime, engine }: Config): Promise<Finding> {
  const subject = 'Docker';
  const isNeeded = runtime.kind === 'docker';
  try {
    const { version, hasNvidia, hasImage } = await withTimeout(examineDocker(runtime.image));
    const found = `engine ${version}`;
    if (!isNeeded) return { verdict: 'ok', subject, text: `${found}; RUNTIME=process does without` };
    if (!hasImage) {
      const text = `${found}, without the image ${runtime.image}; expected it: docker build -f docker/Dockerfile -t ${runtime.image} .`;
      return { verdict: 'fail', subject, text };
    }
    if (engine.needsGpu && !hasNvidia) {
      const text = `${found}, image ${runtime.image}, and no NVIDIA runtime; install the NVIDIA Container Toolkit, then: nvidia-ctk runtime configure --runtime=docker`;
      return { verdict: 'warn', subject, text };
    }
    return { verdict: 'ok', subject, text: `${found}, image ${runtime.image}${hasNvidia ? ', NVIDIA runtime' : ''}` };
  } catch (error) {
    const text = `no engine answers (${lastLine(error)})`;
    if (isNeeded)
      return { verdict: 'fail', subject, text: `${text}; start it, or check the group docker and DOCKER_HOST` };
    return { verdict: 'warn', subject, text: `${text}; nothing to do for RUNTIME=process, which needs none` };
  }
}
