/** Whose coordinator is meant: the group's, or the transactional id's. */
export interface Coordinated {
  readonly kind: 'group' | 'transaction'
  readonly id: string
}

/** Which broker coordinates what: the first one, until it is moved. */
export class Coordinators {
  readonly #firstId: number
  readonly #moved = new Map<string, number>()

  constructor(firstId: number) {
    this.#firstId = firstId
  }

  nodeIdOf(coordinated: Coordinated): number {
    return this.#moved.get(keyOf(coordinated)) ?? this.#firstId
  }

  move(coordinated: Coordinated, nodeId: number): void {
    this.#moved.set(keyOf(coordinated), nodeId)
  }
}

function keyOf({ kind, id }: Coordinated): string {
  return `${kind} ${id}`
}

/** For APIs that ask the coordinator of one group. */
export function ofGroup({ groupId }: { readonly groupId: string }): Coordinated {
  return { kind: 'group', id: groupId }
}

/** For APIs that ask the coordinator of one transactional id. */
export function ofTransaction({ transactionalId }: { readonly transactionalId: string }): Coordinated {
  return { kind: 'transaction', id: transactionalId }
}
