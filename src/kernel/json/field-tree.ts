import { assert } from '../../core/assert.ts'
import { NameTable } from './name-table.ts'

/** The most fields one scanner looks for. */
export const fieldsMax = 32

/** The node of every value that no field path leads to. */
export const UNTRACKED = 0

/**
 * Field paths as a tree. Its nodes are numbers, so that the scanner's stack of open containers is an array of integers:
 * `UNTRACKED` is 0, then come the nodes that names lead to, and the last is the record itself.
 */
export interface FieldTree {
  readonly root: number
  /** The name at index `i` leads to node `i + 1`; its scope is the node above. */
  readonly names: NameTable
  /** The field that ends at each node, or -1. */
  readonly fields: Int32Array
  /** The scope of the names below each node: the node itself, or `UNTRACKED` if there are none. */
  readonly scopes: Int32Array
  /** The fields strictly below node `n` are `below[belowStarts[n]]` and so on, before `below[belowStarts[n + 1]]`. */
  readonly belowStarts: Int32Array
  readonly below: Int32Array
}

/** Builds the tree of distinct, non-empty paths. */
export function fieldTree(paths: readonly (readonly string[])[]): FieldTree {
  assert(paths.length <= fieldsMax, `a scanner has at most ${fieldsMax} fields`)
  assert(new Set(paths.map((path) => JSON.stringify(path))).size === paths.length, 'field paths are distinct')
  assert(
    paths.every((path) => path.length > 0),
    'field paths are not empty',
  )

  // All proper and improper prefixes of the paths but the empty one, which is the root's.
  const prefixes = new Map<string, readonly string[]>()
  for (const path of paths) {
    path.forEach((_, depth) => prefixes.set(JSON.stringify(path.slice(0, depth + 1)), path.slice(0, depth + 1)))
  }
  const keys = [...prefixes.keys()]
  const root = keys.length + 1
  const nodeOf = (path: readonly string[]) => (path.length === 0 ? root : keys.indexOf(JSON.stringify(path)) + 1)

  const nodes = [undefined, ...prefixes.values(), []]
  const below = nodes.map((prefix) =>
    paths.flatMap((path, field) => (prefix !== undefined && isBelow(path, prefix) ? [field] : [])),
  )
  let start = 0
  return {
    root,
    names: new NameTable(
      [...prefixes.values()].map((prefix) => prefix.at(-1)!),
      [...prefixes.values()].map((prefix) => nodeOf(prefix.slice(0, -1))),
    ),
    fields: Int32Array.from(nodes, (prefix) =>
      paths.findIndex((path) => JSON.stringify(path) === JSON.stringify(prefix)),
    ),
    scopes: Int32Array.from(below, (fields, node) => (fields.length > 0 ? node : UNTRACKED)),
    belowStarts: Int32Array.from([...below, []], (fields) => (start += fields.length) - fields.length),
    below: Int32Array.from(below.flat()),
  }
}

function isBelow(path: readonly string[], prefix: readonly string[]): boolean {
  return path.length > prefix.length && prefix.every((name, depth) => path[depth] === name)
}
