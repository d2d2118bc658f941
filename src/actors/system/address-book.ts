import { ActorError } from '../../core/errors.ts'

/** Finds the actors, or the supervisors, of one system, by path or by id. */
export class AddressBook<Ref extends { readonly path: string }> {
  readonly #systemName: string
  readonly #kind: 'actor' | 'supervisor'
  // Ids hold no slash, and no path but the root's does without one, so both fit into one map.
  readonly #entries = new Map<string, readonly Ref[]>()

  constructor(systemName: string, kind: 'actor' | 'supervisor') {
    this.#systemName = systemName
    this.#kind = kind
  }

  enter(ref: Ref): void {
    for (const address of addressesOf(ref)) this.#entries.set(address, [...(this.#entries.get(address) ?? []), ref])
  }

  leave(ref: Ref): void {
    for (const address of addressesOf(ref)) {
      const others = (this.#entries.get(address) ?? []).filter((entry) => entry !== ref)
      if (others.length > 0) this.#entries.set(address, others)
      else this.#entries.delete(address)
    }
  }

  find(address: string): Ref {
    const [ref, ...others] = this.#entries.get(address) ?? []
    if (ref !== undefined && others.length === 0) return ref
    const [system, kind, candidates] = [this.#systemName, this.#kind, 1 + others.length]
    const message =
      ref === undefined
        ? `system '${system}' has no ${kind} at '${address}'`
        : `system '${system}' has ${candidates} ${kind}s with the id '${address}'; use a path, such as '${ref.path}'`
    throw new ActorError('ACTOR_NOT_FOUND', message, { system, address })
  }
}

function addressesOf({ path }: { readonly path: string }): Set<string> {
  return new Set([path, path.slice(path.lastIndexOf('/') + 1)])
}
