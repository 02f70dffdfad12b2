// What does a Docker engine have of what render containers need?
import Docker from 'dockerode';

export interface DockerEngine {
  version: string;
  /** It can give containers a GPU, as far as it says. */
  hasNvidia: boolean;
  hasImage: boolean;
}

/** Throws what the engine, or the way to it, says against being asked. */
export async function examineDocker(image: string): Promise<DockerEngine> {
  const docker = new Docker();
  const [{ ServerVersion, Runtimes }, images] = await Promise.all([
    docker.info() as Promise<{ ServerVersion: string; Runtimes?: Record<string, unknown> }>,
    docker.listImages({ filters: JSON.stringify({ reference: [image] }) }),
  ]);
  return { version: ServerVersion, hasNvidia: 'nvidia' in (Runtimes ?? {}), hasImage: images.length > 0 };
}
