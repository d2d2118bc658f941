import { ActorError } from '../../core/errors.ts'

/** What is found besides by its path: whatever it was made from. */
interface Definition {
  readonly name: string
}

type OnChange = (type: 'enter' | 'leave', path: string) => void

/**
 * Finds the actors, or the supervisors, of one system: by path, by id, or by the definition that they were made from.
 */
export class AddressBook<Ref extends { readonly path: string }> {
  readonly #systemName: string
  readonly #kind: 'actor' | 'supervisor' | 'group'
  // Ids hold no slash, and no path but the root's does without one, so both fit into one map, beside definitions.
  readonly #entries = new Map<string | Definition, Ref | Set<Ref>>()

  readonly #onChange: OnChange | undefined

  /** @param onChange - Is told of each path that comes or goes. */
  constructor(systemName: string, kind: 'actor' | 'supervisor' | 'group', onChange?: OnChange) {
    this.#onChange = onChange
    this.#systemName = systemName
    this.#kind = kind
  }

  enter(ref: Ref, definition?: Definition): void {
    this.#onChange?.('enter', ref.path)
    for (const address of addressesOf(ref, definition)) this.#add(address, ref)
  }

  /** Has it found by another definition than before. */
  redefine(ref: Ref, from: Definition, to: Definition): void {
    this.#remove(from, ref)
    this.#add(to, ref)
  }

  /** All paths at this moment. */
  get paths(): string[] {
    return [...this.#entries.keys()].filter(
      (address) => typeof address === 'string' && address.includes('/'),
    ) as string[]
  }

  /** Whether there is an actor of this path. */
  has(path: string): boolean {
    return this.#entries.has(path)
  }

  leave(ref: Ref, definition?: Definition): void {
    this.#onChange?.('leave', ref.path)
    for (const address of addressesOf(ref, definition)) this.#remove(address, ref)
  }

  find(address: string | Definition): Ref {
    const found = this.#entries.get(address)
    const refs = found instanceof Set ? found : new Set(found === undefined ? [] : [found])
    const [ref] = refs
    if (ref !== undefined && refs.size === 1) return ref
    const [system, kind, candidates] = [this.#systemName, this.#kind, refs.size]
    const [place, by] =
      typeof address === 'string'
        ? [`at '${address}'`, `with the id '${address}'`]
        : [`of the definition '${address.name}'`, `of the definition '${address.name}'`]
    const message =
      ref === undefined
        ? `system '${system}' has no ${kind} ${place}`
        : `system '${system}' has ${candidates} ${kind}s ${by}; use a path, such as '${ref.path}'`
    throw new ActorError('ACTOR_NOT_FOUND', message, {
      system,
      address: typeof address === 'string' ? address : address.name,
    })
  }

  #add(address: string | Definition, ref: Ref): void {
    const found = this.#entries.get(address)
    // A set only where there are several: of very many actors, most addresses are those of one.
    if (found === undefined) this.#entries.set(address, ref)
    else if (found instanceof Set) found.add(ref)
    else this.#entries.set(address, new Set([found, ref]))
  }

  #remove(address: string | Definition, ref: Ref): void {
    const found = this.#entries.get(address)
    if (found instanceof Set) found.delete(ref)
    if (found === ref || (found instanceof Set && found.size === 0)) this.#entries.delete(address)
  }
}

function addressesOf({ path }: { readonly path: string }, definition?: Definition): Set<string | Definition> {
  return new Set([path, path.slice(path.lastIndexOf('/') + 1), ...(definition ? [definition] : [])])
}
