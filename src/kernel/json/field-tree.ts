import { assert } from '../../core/assert.ts'
import { NameTable } from './name-table.ts'

/** The most fields one scanner looks for. */
export const fieldsMax = 32

/** The node of every value that no field path leads to. */
export const UNTRACKED = -1

/**
 * Field paths as a tree whose root, node 0, is the record itself. Nodes are numbers, so that the scanner's stack of open
 * containers is an array of integers.
 */
export interface FieldTree {
  /** The field that ends at each node, or -1. */
  readonly fields: Int32Array
  /** The names below each node; the child for the name of index `i` is node `firstChildren[node] + i`. */
  readonly names: readonly NameTable[]
  readonly firstChildren: Int32Array
  /** The fields strictly below each node. */
  readonly below: readonly (readonly number[])[]
}

/** Builds the tree of distinct, non-empty paths. */
export function fieldTree(paths: readonly (readonly string[])[]): FieldTree {
  assert(paths.length <= fieldsMax, `a scanner has at most ${fieldsMax} fields`)
  const fields: number[] = []
  const names: NameTable[] = []
  const firstChildren: number[] = []
  const below: number[][] = []
  // Breadth first, so that the children of a node follow one another. A level holds the paths that pass a node.
  const queue: { depth: number; members: number[] }[] = [{ depth: 0, members: paths.map((_, field) => field) }]
  for (let node = 0; node < queue.length; node++) {
    const { depth, members } = queue[node]!
    const ending = members.filter((field) => paths[field]!.length === depth)
    const passing = members.filter((field) => paths[field]!.length > depth)
    assert(ending.length === 0 || (ending.length === 1 && depth > 0), 'field paths are distinct and not empty')
    const byName = Map.groupBy(passing, (field) => paths[field]![depth]!)
    fields.push(ending[0] ?? -1)
    names.push(new NameTable([...byName.keys()]))
    firstChildren.push(queue.length)
    below.push(passing)
    for (const group of byName.values()) queue.push({ depth: depth + 1, members: group })
  }
  return { fields: Int32Array.from(fields), names, firstChildren: Int32Array.from(firstChildren), below }
}
