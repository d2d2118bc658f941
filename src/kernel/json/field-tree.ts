import { assert } from '../../core/assert.ts'
import { fieldsMax } from '../constants/value-kind.ts'
import type { FieldPath } from './field-path.ts'
import { encodeNameTable } from './name-table.ts'

/** The node of every value that no field path leads to. */
const UNTRACKED = 0

/**
 * Field paths as a tree. Its nodes are numbers, so that the scanner's stack of open containers is an array of integers:
 * `UNTRACKED` is 0, then come the nodes that names lead to, and the last is the record itself.
 */
export interface FieldTree {
  readonly root: number
  /** The name at index `i` leads to node `i + 1`; its scope is the node above, or for an element none. */
  readonly names: Uint8Array
  /** The field that ends at each node, or -1. */
  readonly fields: Int32Array
  /** The scope of the names below each node: the node itself, or `UNTRACKED` if there are none. */
  readonly scopes: Int32Array
  /** The fields strictly below node `n` are `below[belowStarts[n]]` and so on, before `below[belowStarts[n + 1]]`. */
  readonly belowStarts: Int32Array
  readonly below: Int32Array
  /** The elements of arrays at node `n` are at `elementStarts[n]` and so on: pairs of an index and the node it leads to. */
  readonly elementStarts: Int32Array
  readonly elements: Int32Array
}

/** Builds the tree of distinct, non-empty paths. */
export function fieldTree(paths: readonly FieldPath[]): FieldTree {
  const fieldKeys = paths.map(keyOf)
  const rootKey = keyOf([])
  assert(paths.length <= fieldsMax, `a scanner has at most ${fieldsMax} fields`)
  assert(new Set(fieldKeys).size === paths.length && !fieldKeys.includes(rootKey), 'paths are distinct and not empty')

  const prefixes = new Map(paths.flatMap((path) => path.map((_, depth) => entryOf(path.slice(0, depth + 1)))))
  const nodeKeys = ['untracked', ...prefixes.keys(), rootKey]
  const below = nodeKeys.map((key) => paths.flatMap((path, field) => (isBelow(path, key) ? [field] : [])))
  const nodeOf = (path: FieldPath) => nodeKeys.indexOf(keyOf(path))
  const elements = nodeKeys.map((key) =>
    Array.from(prefixes.values())
      .filter((prefix) => isElement(prefix) && keyOf(prefix.slice(0, -1)) === key)
      .map((prefix) => [prefix.at(-1) as number, nodeOf(prefix)]),
  )
  let start = 0
  let elementStart = 0
  return {
    root: nodeKeys.length - 1,
    names: encodeNameTable(
      Array.from(prefixes.values(), (prefix) => String(prefix.at(-1))),
      Array.from(prefixes.values(), (prefix, place) =>
        isElement(prefix) ? nodeKeys.length + place : nodeOf(prefix.slice(0, -1)),
      ),
    ),
    fields: Int32Array.from(nodeKeys, (key) => fieldKeys.indexOf(key)),
    scopes: Int32Array.from(below, (fields, node) => (fields.length > 0 ? node : UNTRACKED)),
    belowStarts: Int32Array.from([...below, []], (fields) => (start += fields.length) - fields.length),
    below: Int32Array.from(below.flat()),
    elementStarts: Int32Array.from([...elements, []], (each) => (elementStart += each.length) - each.length),
    elements: Int32Array.from(elements.flat(2)),
  }
}

/** Whether the last step of a path is one into an array. */
function isElement(path: FieldPath): boolean {
  return typeof path.at(-1) === 'number'
}

/** A text that is equal for equal paths only. */
function keyOf(path: FieldPath): string {
  return JSON.stringify(path)
}

function entryOf(path: FieldPath): [string, FieldPath] {
  return [keyOf(path), path]
}

/** Whether `key` is that of a proper prefix of the path. */
function isBelow(path: FieldPath, key: string): boolean {
  return path.some((_, depth) => keyOf(path.slice(0, depth)) === key)
}
