import { isRemembered, unitWords } from './block.ts'
import type { TableMachine } from './table-machine.ts'
import { pageWords } from './undo-log.ts'

/** Heads of the rows in all pages of the index. */
export function* headsIn(machine: TableMachine): Generator<number> {
  for (const page of new Set(directoryOf(machine))) yield* headsInPage(machine.words, page)
}

/**
 * Heads of the rows in one page of the index, by the share of all hashes that stands before it; and where the next page
 * begins, 1 after the last.
 */
export function pageAt(machine: TableMachine, place: number): { heads: Iterable<number>; next: number } {
  const directory = directoryOf(machine)
  const page = directory[Math.floor(place * directory.length)]!
  return { heads: headsInPage(machine.words, page), next: (directory.lastIndexOf(page) + 1) / directory.length }
}

function directoryOf(machine: TableMachine): Int32Array {
  return machine.int32('directory', 2 ** machine.run.depth.value)
}

function* headsInPage(words: Int32Array, page: number): Generator<number> {
  const first = (page >>> 0) / 4
  for (let slot = first; slot < first + pageWords; slot += 2) {
    if (words[slot] === 0) continue
    const head = words[slot + 1]!
    if (!isRemembered(words, head * unitWords)) yield head
  }
}
