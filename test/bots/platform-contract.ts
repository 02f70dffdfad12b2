// What every Platform promises. Each adapter runs these tests as its own, against the service or a stand-in for it.
import { describe, expect, it } from 'vitest';
import type { ButtonPress, Handlers, MessageRef, Platform } from '../../src/bots/platform.ts';
import type { View } from '../../src/bots/view.ts';
import { UserError } from '../../src/errors.ts';
import { clipOf, scriptedHandlers, view } from './web/fixtures.ts';

/** A status message as people see it: the words, and the name of its clip. */
export interface Shown {
  renderId: string;
  headline: string;
  clip: string | undefined;
}

/** What the member reads, in private, after a command or a press. Undefined for a command that was simply taken. */
export type Told = string | undefined;

export interface TestedPlatform extends AsyncDisposable {
  /** Started. */
  platform: Platform;
  /** The bot stops and another starts, with these handlers. The service keeps what it has. */
  restart(handlers: Handlers): Promise<void>;
  /** A member gives the command; the same `eventId` is the same event, which the service sends again. */
  animate(eventId: string): Promise<Told>;
  press(renderId: string, action: ButtonPress['action'], eventId?: string): Promise<Told>;
  /** All status messages, oldest first. */
  shown(): Promise<Shown[]>;
}

export function testPlatform(name: string, create: (handlers: Handlers) => Promise<TestedPlatform>): void {
  describe(name, () => {
    const start = async () => {
      const script = scriptedHandlers();
      return Object.assign(await create(script.handlers), { script });
    };
    const startWithMessage = async () => {
      const tested = await start();
      await tested.animate('e1');
      return Object.assign(tested, { ref: refOf(tested.script.refs[0]) });
    };
    const waiting: Shown = { renderId: 'web-1', headline: '1st in line', clip: undefined };
    const done = view({ kind: 'done', headline: 'Here is your clip', buttons: ['again', 'edit', 'delete'] });

    it('brings a command to the handlers, and shows the message that they open', async () => {
      await using tested = await start();
      const { platform, script, shown } = tested;
      expect(await shown()).toEqual([]);
      expect(await tested.animate('e1')).toBeUndefined();
      expect(script.commands).toMatchObject([{ eventId: expect.any(String) }]);
      expect(JSON.stringify(script.commands[0]?.text)).toContain('smiles');
      expect(script.commands[0]?.member).toEqual({ id: expect.stringMatching(/./), name: expect.stringMatching(/./) });
      expect(script.refs[0]?.platform).toBe(platform.name);
      expect(await shown()).toEqual([waiting]);
    });

    it('gives a reference that survives being stored as JSON', async () => {
      await using tested = await startWithMessage();
      expect(JSON.parse(JSON.stringify(tested.ref))).toEqual(tested.ref);
    });

    it('gives different commands different events, members their own id, and messages their own place', async () => {
      await using tested = await start();
      const { script } = tested;
      await tested.animate('e1');
      await tested.animate('e2');
      expect(new Set(script.commands.map(({ eventId }) => eventId)).size).toBe(2);
      expect(script.refs[1]).not.toEqual(script.refs[0]);
      expect((await tested.shown()).map(({ renderId }) => renderId)).toEqual(['web-1', 'web-2']);
    });

    it('finds the message again when the same command opens it twice, and leaves it as it is', async () => {
      await using tested = await start();
      const { script } = tested;
      script.onAnimate = async ({ open }) => {
        script.refs.push(await open(view()), await open(view({ headline: 'Getting in line' })));
        return { renderId: 'web-1' };
      };
      await tested.animate('e1');
      await tested.animate('e1');
      expect(new Set(script.commands.map(({ eventId }) => eventId)).size).toBe(1);
      expect(script.refs).toEqual(Array(4).fill(script.refs[0]));
      expect(await tested.shown()).toEqual([waiting]);
    });

    it('finds the message again after a restart, and the reference still leads to it', async () => {
      await using tested = await startWithMessage();
      const second = scriptedHandlers();
      await tested.restart(second.handlers);
      second.onAnimate = async ({ open }) => {
        second.refs.push(await open(view()));
        return { renderId: 'web-1' };
      };
      await tested.animate('e1');
      expect(second.refs).toEqual([tested.ref]);
      await tested.platform.update(tested.ref, view({ headline: 'Next in line' }));
      expect(await tested.shown()).toEqual([{ ...waiting, headline: 'Next in line' }]);
    });

    it('finds the message of what was kept, and posts one where there is none, unless an inbox does', async () => {
      await using tested = await startWithMessage();
      const { platform, ref, shown, script } = tested;
      if (!platform.openKept) return;
      const member = script.commands[0]?.member ?? { id: 'ada', name: 'Ada' };
      expect(await platform.openKept(member, view())).toEqual(ref);
      const second = await platform.openKept(member, view({ renderId: 'web-2' }));
      expect(await platform.openKept(member, view({ renderId: 'web-2' }))).toEqual(second);
      expect(await shown()).toEqual([waiting, { ...waiting, renderId: 'web-2' }]);
      await platform.update(second, view({ renderId: 'web-2', headline: 'Next in line' }));
      expect((await shown())[1]).toEqual({ renderId: 'web-2', headline: 'Next in line', clip: undefined });
    });

    it('redraws a message, and no other', async () => {
      await using tested = await startWithMessage();
      await tested.animate('e2');
      await tested.platform.update(tested.ref, view({ kind: 'rendering', headline: 'Denoising', fraction: 0.5 }));
      expect(await tested.shown()).toEqual([
        { ...waiting, headline: 'Denoising' },
        { ...waiting, renderId: 'web-2' },
      ]);
    });

    it('puts the clip into the message, and a second time looks like once', async () => {
      await using tested = await startWithMessage();
      const { platform, ref, shown } = tested;
      const clip = clipOf('clips/web-1.mp4');
      const expected = [{ renderId: 'web-1', headline: 'Here is your clip', clip: clip.filename }];
      await platform.deliver(ref, done, clip);
      expect(await shown()).toEqual(expected);
      await platform.deliver(ref, done, clip);
      expect(await shown()).toEqual(expected);
    });

    it.each<View['kind']>(['failed', 'cancelled'])('puts a render that was %s into the message', async (kind) => {
      await using tested = await startWithMessage();
      const { platform, ref, shown } = tested;
      for (let times = 0; times < 2; times += 1) {
        await platform.deliver(ref, view({ kind, headline: 'It ended' }), undefined);
        expect(await shown()).toEqual([{ ...waiting, headline: 'It ended' }]);
      }
    });

    it('removes a message that is deleted, and nothing brings it back', async () => {
      await using tested = await startWithMessage();
      const { platform, ref, shown } = tested;
      await tested.animate('e2');
      const other = { ...waiting, renderId: 'web-2' };
      for (let times = 0; times < 2; times += 1) {
        await platform.update(ref, view({ kind: 'deleted', headline: 'Deleted' }));
        expect(await shown()).toEqual([other]);
      }
      await platform.update(ref, view({ kind: 'rendering', headline: 'Denoising' }));
      await platform.deliver(ref, done, clipOf('clips/web-1.mp4'));
      expect(await shown()).toEqual([other]);
    });

    it('tells a member the sentence of a UserError, and shows no message', async () => {
      await using tested = await start();
      tested.script.onAnimate = async () => {
        throw new UserError('picture_missing', 'Attach a picture.');
      };
      expect(await tested.animate('e1')).toBe('Attach a picture.');
      expect(await tested.shown()).toEqual([]);
    });

    it('tells a member nothing of a bug', async () => {
      await using tested = await start();
      tested.script.onAnimate = async () => {
        throw new Error('ECONNREFUSED 10.0.0.7');
      };
      expect(await tested.animate('e1')).not.toContain('10.0.0.7');
    });

    it('brings a press to the handlers, and tells the member what they answer', async () => {
      await using tested = await startWithMessage();
      const pressed = tested.script.onPress;
      tested.script.onPress = async () => {
        throw new UserError('not_allowed', 'That render belongs to Ada.');
      };
      expect(await tested.press('web-1', 'delete')).toBe('That render belongs to Ada.');
      tested.script.onPress = pressed;
      // Delete last: its message goes.
      for (const action of ['cancel', 'again', 'delete'] as const) {
        expect(await tested.press('web-1', action)).toBe(`You pressed ${action}.`);
      }
      const presses = tested.script.presses.slice(1);
      expect(presses.map(({ action }) => action)).toEqual(['cancel', 'again', 'delete']);
      expect(new Set(presses.map(({ renderId }) => renderId))).toEqual(new Set(['web-1']));
      expect(presses[0]?.member.id).toMatch(/./);
    });

    it('gives every press an event of its own, and a press that is sent again the same', async () => {
      await using tested = await startWithMessage();
      await tested.press('web-1', 'again');
      await tested.press('web-1', 'again');
      await tested.press('web-1', 'again', 'p1');
      await tested.press('web-1', 'again', 'p1');
      const ids = [...tested.script.commands, ...tested.script.presses].map(({ eventId }) => eventId);
      expect(new Set(ids).size).toBe(4);
      expect(ids[4]).toBe(ids[3]);
    });

    it('opens one more message for a press, and finds it when the press is sent again', async () => {
      await using tested = await startWithMessage();
      const { script } = tested;
      script.onPress = async ({ open }) => {
        script.refs.push(await open(view({ renderId: 'web-2' })));
        return 'Started again.';
      };
      await tested.press('web-1', 'again', 'p1');
      await tested.press('web-1', 'again', 'p1');
      expect(await tested.shown()).toEqual([waiting, { ...waiting, renderId: 'web-2' }]);
      expect(script.refs[2]).toEqual(script.refs[1]);
      expect(script.refs[1]).not.toEqual(tested.ref);
    });

    it('hears nothing any more once it is stopped', async () => {
      await using tested = await startWithMessage();
      await tested.platform.stop();
      await expect(tested.animate('e2')).rejects.toThrow();
      expect(tested.script.commands.length).toBe(1);
    });
  });
}

function refOf(ref: MessageRef | undefined): MessageRef {
  if (ref === undefined) throw new Error('Expected the handlers to have opened a message');
  return ref;
}
