import type { ActorDefinition } from '../actor/actor.ts'
import type { ModuleActor } from '../threads/module-actor.ts'
import type { Child } from './child.ts'
import type { ChangedActor } from './supervisor-ref.ts'
import { checkAt, validateActor } from './validate-spec.ts'

/**
 * Has another definition take the place of a child's.
 *
 * @throws ActorError `ACTOR_SPEC_INVALID`; `ACTOR_CHANGE_FAILED`
 */
export async function changeChild(child: Child, path: string, start: ChangedActor): Promise<void> {
  const check = checkAt(path)
  check(child.change !== undefined, 'it is a supervisor; change its children')
  const made = child.kind === 'module' ? 'fromModule(): it is on a thread' : 'defineActor()'
  check(start?.kind === child.kind, `what it is changed to must be made by ${made}`)
  if (start.kind === 'actor') validateActor(start as ActorDefinition, path)
  await child.change?.(start as ActorDefinition | ModuleActor)
}
