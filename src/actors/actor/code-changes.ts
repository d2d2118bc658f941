import { ActorError } from '../../core/errors.ts'
import type { ActorDefinition } from './actor.ts'

/** @see ActorParts.version */
const versionDefault = 1

/** A definition that is to take the place of another one, and who waits for that. */
interface CodeChange {
  readonly definition: ActorDefinition
  readonly done: PromiseWithResolvers<void>
}

/** The definitions that are to take the place of an actor's, one after the other. */
export class CodeChanges {
  readonly #changes: CodeChange[] = []

  get isEmpty(): boolean {
    return this.#changes.length === 0
  }

  /** The definition whose turn it is. */
  get next(): ActorDefinition {
    return this.#changes[0]!.definition
  }

  add(definition: ActorDefinition): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#changes.push({ definition, done })
    return done.promise
  }

  /** The one whose turn it is has taken the place. */
  succeed(): void {
    this.#changes.shift()!.done.resolve()
  }

  /** It does not: all is as it was. */
  fail(error: ActorError): void {
    this.#changes.shift()!.done.reject(error)
  }
}

/** The state that one definition makes of another one's. */
export async function migrated(state: unknown, from: ActorDefinition, to: ActorDefinition): Promise<unknown> {
  const [fromVersion, toVersion] = [from.version ?? versionDefault, to.version ?? versionDefault]
  if (fromVersion === toVersion) return state
  if (to.migrate === undefined) throw new Error(`version ${toVersion} has no migrate for version ${fromVersion}`)
  return to.migrate(state, fromVersion)
}

export function changeFailed(path: string, cause: unknown): ActorError {
  const message = `${path} goes on with the definition that it had; see the cause`
  return new ActorError('ACTOR_CHANGE_FAILED', message, { path }, cause)
}
