// Cards that a machine does not have: a program in a folder that says what nvidia-smi says of them.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface FakeCard {
  id: string;
  name: string;
  mebibytes: number;
  computeCapability?: string;
}

/** The PATH with it. */
export async function installCards(folder: string, cards: FakeCard[]): Promise<string> {
  const lines = cards.map(({ id, name, mebibytes, computeCapability = '12.0' }, index) =>
    [index, id, name, mebibytes, 412, computeCapability, '580.95.05', 35, 0].join(', '),
  );
  return installNvidiaSmi(folder, `cat <<'END'\n${lines.join('\n')}\nEND`);
}

export async function installNvidiaSmi(folder: string, script: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'nvidia-smi');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return `${folder}${delimiter}${process.env.PATH ?? ''}`;
}
