import { assert } from '../../core/assert.ts'
import { nextOf, unitWords } from '../block.ts'
import { passEnd, type RecordColumns } from '../columns.ts'
import { columnsRowsMax } from '../constants/columns.ts'
import type { CopiedBytes } from '../copied-bytes.ts'
import type { CopiedColumns } from '../copied-columns.ts'
import type { ComparedKey } from '../table-counts.ts'
import type { TableMachine } from '../table-machine.ts'

/** Blocks that are looked at before the memory is freed of what has gone. */
const blocksPerStep = 65_536

/** Whoever keeps where the parts of rows are that move out. */
export interface RowMove {
  /** Whether a row moves, which has this hash in two words. @defaultValue all do */
  readonly isWanted?: (low: number, high: number) => boolean
  /** Is told of each part. @param origin - Where in `words` the four words begin that say where and when it came from. */
  readonly take: (low: number, high: number, words: Int32Array, origin: number) => void
}

export interface MovedRowsParts {
  readonly machine: TableMachine
  readonly columns: CopiedColumns
  readonly bytes: CopiedBytes
  readonly extra: CopiedBytes
  /** Frees what has gone, for good. */
  readonly settle: () => void
}

/** Words of a block before those that say where its part came from. */
const originWord = 4

/** Moves rows out of a table which stay pending, and tells the hashes by which they are known. */
export class MovedRows {
  readonly #parts: MovedRowsParts
  readonly #hashes = new Uint32Array(2 * columnsRowsMax)
  #move: RowMove | undefined

  constructor(parts: MovedRowsParts) {
    this.#parts = parts
  }

  /** Hashes of the keys of rows, two words each; 0 for a row without a side. Valid until the next call. */
  hashesOf(columns: RecordColumns): Uint32Array {
    const { machine, columns: copied, bytes, extra } = this.#parts
    const { length } = columns.extra
    const made = length === 0 ? 0 : extra.copyIn(columns.extra.bytes.subarray(0, length))
    for (let from = 0; from < columns.count;) {
      const to = passEnd(columns, from)
      copied.copyIn(columns, from, to, bytes, made)
      machine.run.hashKeys(to - from)
      this.#hashes.set(new Uint32Array(machine.int32('keyHashes', 2 * (to - from))), 2 * from)
      from = to
    }
    extra.shrink()
    bytes.shrink()
    return this.#hashes
  }

  /** The two words of the hash of one key. */
  hashOf({ bytes: key, isNumber }: ComparedKey): readonly [low: number, high: number] {
    const { machine, bytes } = this.#parts
    const start = bytes.copyIn(key)
    const hashBy = (hash: 'hashOf' | 'secondHashOf') => machine.run[hash](start, start + key.length, Number(isNumber))
    return [hashBy('hashOf') >>> 0, hashBy('secondHashOf') >>> 0]
  }

  /**
   * Moves out rows of which a part is of `limitMs` or before, until `bytes` are free or all have been looked at. Rows that
   * lack optional sides only stay. Nothing may be in flight: it cannot be undone.
   */
  moveOut(limitMs: number, bytes: number, move: RowMove): void {
    const { machine, settle } = this.#parts
    this.#move = move
    machine.run.moved.value = 0
    machine.run.movedUnits.value = 0
    machine.run.outputRoom.value = Math.max(1, Math.min(bytes, 0xffffffff))
    let hasEnded = false
    while (!hasEnded && machine.run.outputRoom.value !== 0) {
      hasEnded = machine.run.moveOut(limitMs, blocksPerStep) !== 0
      settle()
    }
    this.#move = undefined
  }

  /** A row may move out; returns whether it does. */
  movedOut(head: number, low: number, high: number): boolean {
    assert(this.#move !== undefined, 'a row moves out when it is asked for')
    const { isWanted, take } = this.#move
    if (isWanted?.(low, high) === false) return false
    const { words } = this.#parts.machine
    for (let address = head; address !== 0; address = nextOf(words, address * unitWords)) {
      take(low, high, words, address * unitWords + originWord)
    }
    return true
  }
}
