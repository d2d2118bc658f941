import { ActorError } from '../../core/errors.ts'
import type { ActorMessage, ActorRef } from '../actor/ref.ts'

/** Finds the actors of one system, by path or by id. */
export class AddressBook {
  readonly #systemName: string
  // Ids hold no slash and every path of an actor does, so both fit into one map.
  readonly #entries = new Map<string, ActorRef<ActorMessage>[]>()

  constructor(systemName: string) {
    this.#systemName = systemName
  }

  enter(ref: ActorRef<ActorMessage>): void {
    const id = ref.path.slice(ref.path.lastIndexOf('/') + 1)
    for (const address of [ref.path, id]) this.#entries.set(address, [...(this.#entries.get(address) ?? []), ref])
  }

  find<Message extends ActorMessage>(address: string): ActorRef<Message> {
    const [ref, ...others] = this.#entries.get(address) ?? []
    if (ref !== undefined && others.length === 0) return ref as unknown as ActorRef<Message>
    const [system, candidates] = [this.#systemName, 1 + others.length]
    const message =
      ref === undefined
        ? `system '${system}' has no actor at '${address}'`
        : `system '${system}' has ${candidates} actors with the id '${address}'; use a path, such as '${ref.path}'`
    throw new ActorError('ACTOR_NOT_FOUND', message, { system, address })
  }
}
