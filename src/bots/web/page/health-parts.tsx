// What the parts of the health are drawn with.
import type { ComponentChildren } from 'preact';
import type { AdminRequest } from '../../platform.ts';

export type Act = (request: Pick<AdminRequest, 'verb' | 'subject' | 'isUndone'>) => void;

export function Part({
  title,
  action,
  children,
}: {
  title: string;
  action?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="part">
      <header>
        <h2>{title}</h2>
        {action}
      </header>
      {children}
    </section>
  );
}

export function Do({ onAct, children }: { onAct(): void; children: ComponentChildren }) {
  return (
    <button class="button" type="button" onClick={onAct}>
      {children}
    </button>
  );
}

export function Table({ head, rows }: { head: string[]; rows: string[][] }) {
  if (rows.length === 0) return <p class="soft">Nothing yet.</p>;
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            {head.map((cell) => (
              <th key={cell} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first = '', ...others]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {others.map((cell, index) => (
                <td key={head[index + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}
