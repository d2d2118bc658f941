/**
 * How one transaction has to come before another one: it wrote over it, it was read, or it read what was written over.
 */
export type Dependency = 'ww' | 'wr' | 'rw'

export interface Edge {
  readonly to: number
  readonly kind: Dependency
  readonly key: string
}

/** Which transactions have to come before which. */
export class DependencyGraph {
  readonly #edges: Edge[][]

  constructor(size: number) {
    this.#edges = Array.from({ length: size }, () => [])
  }

  add(from: number, edge: Edge): void {
    if (from !== edge.to) this.#edges[from]!.push(edge)
  }

  /** Sets of transactions in circles of edges of some kinds: each is reached from each. */
  circles(kinds: ReadonlySet<Dependency>): number[][] {
    return stronglyConnected(
      this.#edges.map((edges) => edges.filter(({ kind }) => kinds.has(kind)).map(({ to }) => to)),
    )
  }

  /** Edges from a transaction to those of a set. */
  edgesWithin(from: number, members: ReadonlySet<number>): readonly Edge[] {
    return this.#edges[from]!.filter(({ to }) => members.has(to))
  }

  /** The shortest way between two members of a set by edges of some kinds, if there is one. */
  way(from: number, to: number, members: ReadonlySet<number>, kinds: ReadonlySet<Dependency>): Step[] | undefined {
    const cameBy = new Map<number, Step>()
    const pending = [from]
    for (let next = 0; next < pending.length; next++) {
      const at = pending[next]!
      for (const edge of this.edgesWithin(at, members)) {
        if (!kinds.has(edge.kind) || cameBy.has(edge.to)) continue
        cameBy.set(edge.to, { from: at, edge })
        if (edge.to === to) return stepsTo(to, from, cameBy)
        pending.push(edge.to)
      }
    }
    return undefined
  }
}

export interface Step {
  readonly from: number
  readonly edge: Edge
}

function stepsTo(to: number, from: number, cameBy: ReadonlyMap<number, Step>): Step[] {
  const steps: Step[] = []
  for (let at = to; ; at = steps[0]!.from) {
    steps.unshift(cameBy.get(at)!)
    if (steps[0]!.from === from) return steps
  }
}

/**
 * Sets of more than one node, in each of which each node is reached from each.
 *
 * @see Tarjan, "Depth-first search and linear graph algorithms" (1972), with a stack of its own in place of recursion
 */
function stronglyConnected(targets: readonly (readonly number[])[]): number[][] {
  const index = new Int32Array(targets.length)
  const low = new Int32Array(targets.length)
  const isOnStack = new Uint8Array(targets.length)
  const nextEdge = new Int32Array(targets.length)
  const stack: number[] = []
  const found: number[][] = []
  let count = 0
  const enter = (node: number) => {
    index[node] = low[node] = ++count
    stack.push(node)
    isOnStack[node] = 1
  }
  for (let root = 0; root < targets.length; root++) {
    if (index[root] !== 0) continue
    enter(root)
    const path = [root]
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const target = targets[node]![nextEdge[node]!++]
      if (target !== undefined) {
        if (index[target] === 0) {
          enter(target)
          path.push(target)
        } else if (isOnStack[target] === 1) low[node] = Math.min(low[node]!, index[target]!)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!)
      if (low[node] !== index[node]) continue
      const members = stack.splice(stack.lastIndexOf(node))
      for (const member of members) isOnStack[member] = 0
      if (members.length > 1) found.push(members)
    }
  }
  return found
}
