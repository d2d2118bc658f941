import { startSystem } from '../../actors/index.ts'
import type { RecoveredState } from '../recovery/program-state.ts'
import type { RestoredVisit, RestoringSession } from '../recovery/session.ts'
import { readingPorts } from '../runtime/kafka-ports.ts'
import { Lives } from '../runtime/life.ts'
import { rootCause } from '../runtime/root-cause.ts'
import type { KafkaServices } from '../runtime/services.ts'
import { standbyTree } from '../runtime/supervision-tree.ts'
import type { Sources } from '../topics/sources.ts'

/** What is restored while the program goes on, here or in another process. */
interface Restorable {
  readonly state: RecoveredState
  readonly sources: Sources
}

/**
 * Reads the pending parts that a state lacks into its table, through operators of their own, none of which begins an
 * epoch.
 *
 * @param signal - Gives up.
 * @param visit - Sees the rows, too. @defaultValue nobody does
 */
export async function restoreApart(
  services: KafkaServices,
  { state, sources }: Restorable,
  signal: AbortSignal,
  visit?: RestoredVisit,
): Promise<void> {
  if (state.restoration.isDone) return
  const { plan, clock } = services
  const restored = Promise.withResolvers<void>()
  const session: RestoringSession = { state, sources, lives: new Lives(services), openStreaks: new Set() }
  session.lives.begin()
  const ports = readingPorts(services, 'apart')
  const tree = standbyTree({ services, session, ports, onRestored: restored.resolve }, visit)
  const system = await startSystem({ name: plan.name, ...tree, clock })
  const stop = () => void system.stop({ drainMs: 0 })
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const reason = await Promise.race([restored.promise, system.done])
  signal.removeEventListener('abort', stop)
  await system.stop({ drainMs: 0 })
  if (reason?.kind === 'crashed') throw rootCause(reason.error)
  signal.throwIfAborted()
}
