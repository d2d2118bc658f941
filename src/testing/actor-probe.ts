import {
  type ActorDefinition,
  type ActorMessage,
  type ActorRef,
  type ActorSystem,
  type ChildSpec,
  startSystem,
  supervisor,
  type SupervisorOptions,
  type SystemEvent,
} from '../actors/index.ts'
import { seededRandom } from '../core/random.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Actors under one supervisor named `root`, on a virtual clock; what happens to them is kept. */
export interface ActorProbe extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly system: ActorSystem
  readonly events: readonly SystemEvent[]
  ref<Message extends ActorMessage>(actor: ActorDefinition<Message> | string): ActorRef<Message>
  /** Stops the system, without draining, in as much virtual time as that takes. */
  stop(): Promise<void>
}

/**
 * Starts actors for a test.
 *
 * @param supervision - How `root` treats its children; as `supervisor` has it by default.
 *
 * @example
 * await using probe = await probeActors([{ start: counter }])
 * void probe.ref(counter).tell({ type: 'add', amount: 3 })
 * await probe.clock.advance(0) // the message is handled
 */
export async function probeActors(
  children: readonly ChildSpec[],
  supervision: Omit<SupervisorOptions, 'name' | 'children'> = {},
): Promise<ActorProbe> {
  const clock = new VirtualClock()
  const events: SystemEvent[] = []
  const root = supervisor({ name: 'root', ...supervision, children })
  const onEvent = (event: SystemEvent) => void events.push(event)
  const system = await clock.until(startSystem({ name: 'probe', root, clock, random: seededRandom(1), onEvent }))
  const stop = async () => void (await clock.until(system.stop({ drainMs: 0 })))
  return { clock, system, events, ref: (actor) => system.ref(actor), stop, [Symbol.asyncDispose]: stop }
}
