// A member at a glance: the first letter of the name, on a colour that is always the same for that name.

export function Avatar({ name }: { name: string }) {
  const [initial = '?'] = name;
  return (
    <span class="avatar" style={{ '--hue': hueOf(name) }} aria-hidden="true">
      {initial.toLocaleUpperCase()}
    </span>
  );
}

function hueOf(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return String(hash);
}
