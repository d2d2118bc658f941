import { StateError, TopologyError } from '../../core/errors.ts'
import { rowKeyBytesMax } from '../../kernel/index.ts'
import type { TableSnapshot } from '../../state/index.ts'
import { corrupt, type Manifest } from '../checkpoint/manifest.ts'
import type { ClosingEpoch, EpochParticipant } from '../epochs/epoch-participant.ts'
import type { ProgramTable, RecordTable } from '../topology/table.ts'
import { CheckpointTables } from './checkpoint-tables.ts'
import { decoded, given, KeptTable, rowName } from './kept-table.ts'
import { undeclared } from './record-tables.ts'
import { isTableWhole } from './whole-table.ts'

/**
 * The tables of a program, which the functions before its merge read and change.
 *
 * Functions run ahead of the epoch that their record will be of. So a program with tables has one batch on its way at a
 * time, and takes it whole into one epoch: what was changed since the last border is either of batches that the current
 * epoch has taken in, or of the one on its way. Calls are one after the other, each ends before the next begins, and
 * one that throws has changed nothing.
 *
 * State: the rows of the last committed epoch, and layers of changes above them (`KeptTable`); whether a call runs, and
 * whether it has asked for a table.
 */
export class ProgramTables implements EpochParticipant {
  /** By name. */
  readonly #tables: ReadonlyMap<string, KeptTable>
  readonly #views = new Map<ProgramTable, RecordTable<unknown, unknown>>()
  readonly #rowBytesMax: number
  #isCalling = false
  #isAskedFor = false

  /**
   * @param rowBytesMax - Bytes that key and value of a row may have together.
   * @param found - What a checkpoint has, whose rows are those of the tables.
   */
  constructor(declared: readonly ProgramTable[], rowBytesMax: number, found = new CheckpointTables()) {
    this.#rowBytesMax = rowBytesMax
    this.#tables = new Map(declared.map((each) => [each.name, new KeptTable(each, found.take(each.name))]))
    for (const each of declared) this.#views.set(each, this.#viewOf(this.#tables.get(each.name)!))
  }

  /** Absent where a program has none. */
  static of(
    declared: readonly ProgramTable[],
    rowBytesMax: number,
    found?: CheckpointTables,
  ): ProgramTables | undefined {
    return declared.length === 0 ? undefined : new ProgramTables(declared, rowBytesMax, found)
  }

  /** @throws MillraceError `CHECKPOINT_CORRUPT` when the rows are not those that the manifest says. */
  check({ tables = [] }: Pick<Manifest, 'tables'>): void {
    for (const shape of tables) {
      const sum = this.#tables.get(shape.name)?.sum
      if (sum === undefined || isTableWhole(shape, sum)) continue
      throw corrupt(`table "${shape.name}" has ${sum.rows} rows, where its manifest says ${shape.rows}, or others`)
    }
  }

  /** A function is called for a record. */
  begin(): void {
    this.#isCalling = true
    this.#isAskedFor = false
  }

  /** It has returned; tells whether it has asked for a table. */
  end(): boolean {
    this.#isCalling = false
    for (const table of this.#tables.values()) table.endCall()
    return this.#isAskedFor
  }

  /** It has thrown: it has changed nothing. */
  undo(): void {
    this.#isCalling = false
    for (const table of this.#tables.values()) table.undoCall()
  }

  /**
   * A table as the function sees it that runs.
   *
   * @throws TopologyError `TOPOLOGY_INVALID` for a table that the topology does not declare.
   */
  of<Key, Value>(declaration: ProgramTable<Key, Value>): RecordTable<Key, Value> {
    this.#checkCalling(declaration.name)
    const view = this.#views.get(declaration as ProgramTable)
    if (view === undefined) throw undeclared(declaration.name)
    this.#isAskedFor = true
    return view as RecordTable<Key, Value>
  }

  /** The rows of the last committed epoch. */
  snapshot(): [ProgramTable, TableSnapshot<string, Uint8Array>][] {
    return Array.from(this.#views.keys(), (each) => [each, this.#tables.get(each.name)!.snapshot()])
  }

  /** The batch on its way is in the current epoch. @returns Bytes that the epoch writes more, at most. */
  takeBatch(): number {
    let bytes = 0
    for (const table of this.#tables.values()) bytes += table.takeBatch()
    return bytes
  }

  close({ put, manifest }: ClosingEpoch): void {
    manifest.tables = [...this.#tables.values()].map((table) => {
      const { name, key, value } = table.declaration
      return { name, key: key.name, value: value.name, ...table.close(put) }
    })
  }

  commit(): void {
    for (const table of this.#tables.values()) table.commit()
  }

  rollback(): void {
    this.#isCalling = false
    for (const table of this.#tables.values()) table.rollback()
  }

  #viewOf(table: KeptTable): RecordTable<unknown, unknown> {
    const { declaration } = table
    const keyOf = (key: unknown) => {
      this.#checkCalling(declaration.name)
      return rowName(declaration, key)
    }
    const isThere = (key: string) => table.get(key) !== undefined
    return {
      get(key) {
        const found = table.get(keyOf(key))
        return found && decoded(declaration.value, found)
      },
      has: (key) => isThere(keyOf(key)),
      set: (key, value) => {
        const row = keyOf(key)
        const bytes = given('value', declaration.name, declaration.value, value)
        this.#checkSize(table, row, bytes.length)
        table.set(row, bytes)
      },
      delete(key) {
        const row = keyOf(key)
        const wasThere = isThere(row)
        if (wasThere) table.set(row, undefined)
        return wasThere
      },
    }
  }

  /** Each byte of a key beyond ASCII takes two, in memory and in the name of its record. */
  #checkSize({ declaration: { name: table } }: KeptTable, key: string, valueBytes: number): void {
    const keyBytes = Buffer.byteLength(key)
    if (keyBytes > rowKeyBytesMax) {
      const message = `a key of table "${table}" has ${keyBytes} bytes: at most ${rowKeyBytesMax} are possible`
      throw new StateError('STATE_VALUE_INVALID', message, { table, bytes: keyBytes })
    }
    const bytes = keyBytes + valueBytes
    const bytesMax = this.#rowBytesMax
    if (bytes <= bytesMax) return
    const message = `a row of table "${table}" has ${bytes} bytes: the checkpoint topic takes ${bytesMax}`
    throw new StateError('STATE_VALUE_INVALID', message, { table, bytes, bytesMax })
  }

  #checkCalling(table: string): void {
    if (this.#isCalling) return
    const message = `table "${table}" is used after its function has ended: a function that uses tables returns no promise`
    throw new TopologyError('TOPOLOGY_INVALID', message, { table })
  }
}
