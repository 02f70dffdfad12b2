// The first thing that a new member sees: what this is for, and a sentence to try it with.
import { COMMAND_NAME } from '../../command.ts';

const EXAMPLES = [
  'she turns her head and smiles, slow zoom in',
  'steam rises from the cup, the light flickers seconds:3',
  'the rocket lifts off in a cloud of smoke resolution:720p',
];

export function EmptyChannel({ onExample }: { onExample(text: string): void }) {
  return (
    <section class="empty">
      <div class="reel" aria-hidden="true">
        <span />
        <span />
        <span />
        <span />
      </div>
      <h2>Bring a picture to life</h2>
      <ol class="lessons">
        <li>
          <strong>Attach a picture.</strong> Drop it anywhere, paste it, or use the clip button below.
        </li>
        <li>
          <strong>Say how it should move.</strong> Start with <code>{COMMAND_NAME}</code> and one plain sentence.
        </li>
        <li>
          <strong>Watch it happen.</strong> Progress and the finished clip appear under your message.
        </li>
      </ol>
      <p class="try">Try one of these with a picture of yours:</p>
      <ul class="examples">
        {EXAMPLES.map((example) => (
          <li key={example}>
            <button type="button" onClick={() => onExample(`${COMMAND_NAME} ${example}`)}>
              <span class="slash">{COMMAND_NAME}</span> {example}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
