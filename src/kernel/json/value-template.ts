type Container = Record<string | number, unknown>

/** A container in another one. */
interface Nested {
  /** Index of the one that it is in. */
  readonly within: number
  readonly key: string
}

/**
 * What texts of one shape are as values: the containers, which are copied, and where in them each value belongs that
 * stands in a text. Copies keep the order of members, and what is assigned is a member of its own already, so that
 * `__proto__` is a name like others.
 */
export class ValueTemplate {
  /** Of each value of a text, the index of its container, or -1 where a later member has its name. */
  readonly owners: readonly number[]
  /** Of each value of a text, its name, or its index in an array. */
  readonly keys: readonly string[]
  readonly #containers: readonly Container[]
  readonly #nested: readonly Nested[]
  readonly #made: Container[] = []

  /** @param probe - What `JSON.parse` makes of a text of the shape in which each of the values is its number, from 0 on. */
  constructor(probe: object, count: number) {
    const containers = [probe as Container]
    const nested: Nested[] = []
    const owners = Array<number>(count).fill(-1)
    const keys = Array<string>(count).fill('')
    for (let within = 0; within < containers.length; within++) {
      for (const [key, value] of Object.entries(containers[within]!)) {
        if (typeof value === 'object') {
          nested.push({ within, key })
          containers.push(value as Container)
        } else {
          owners[Number(value)] = within
          keys[Number(value)] = key
        }
      }
    }
    this.owners = owners
    this.keys = keys
    this.#containers = containers
    this.#nested = nested
  }

  /**
   * Begins a value.
   *
   * @returns Its containers, the value first, until another one is begun: `made[owners[i]][keys[i]]` is the value `i`.
   */
  begin(): readonly Container[] {
    const made = this.#made
    const containers = this.#containers
    const nested = this.#nested
    made[0] = copyOf(containers[0]!)
    for (let index = 1; index < containers.length; index++) {
      const { within, key } = nested[index - 1]!
      made[within]![key] = made[index] = copyOf(containers[index]!)
    }
    return made
  }
}

function copyOf(container: Container): Container {
  return Array.isArray(container) ? (container.slice() as unknown as Container) : { ...container }
}
