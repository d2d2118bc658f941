import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as block from './block.ts'
import { columnsRowsMax, rowFlags } from './columns.ts'
import { Reason } from './dead-letter-reason.ts'
import { unknownScalar, wholeRecord } from './decoder.ts'
import { fieldsMax } from './json/field-tree.ts'
import { plainDigitsMax, ValueKind } from './json/value-kind.ts'
import { kinds } from './table-machine.ts'
import { segmentBytes } from './table-memory.ts'
import * as log from './undo-log.ts'
import { newMemory, type WasmGlobal, wasmInstance, wasmModule, wasmPageBytes } from './wasm-module.ts'

/** What TypeScript states a second time, by the name that it has in `assembly`. */
const stated = {
  table: {
    unitBits: Math.log2(block.unitBytes),
    headerBytes: block.headerWords * 4,
    keyIsNumber: block.keyIsNumber,
    respelled: block.respelled,
    remembered: block.remembered,
    rowsMax: columnsRowsMax,
    PART_IN_EXTRA: rowFlags.partInExtra,
    KEY_IN_EXTRA: rowFlags.keyInExtra,
    KEY_IS_NUMBER: rowFlags.keyIsNumber,
    KEY_RESPELLED: rowFlags.keyRespelled,
    undoBytes: log.undoWords * 4,
    departedBytes: log.departedWords * 4,
    pageBytes: log.pageWords * 4,
    pageHeaderBytes: log.headerWords * 4,
    LEFT: log.rowLeft,
    MERGED: log.Departure.merged,
    REFUSED: log.Departure.refused,
    EXPIRED: log.Departure.expired,
    segmentBytes,
    FREE: kinds.free,
    UNTOUCHED: kinds.untouched,
  },
  decoder: {
    rowsMax: columnsRowsMax,
    fieldsMax,
    sidesMax: block.sidesMax,
    plainDigitsMax,
    keyIsNumber: rowFlags.keyIsNumber,
    wholeRecord,
    SCALAR: unknownScalar,
    OK: Reason.OK,
    NOT_JSON: Reason.NOT_JSON,
    TOO_DEEP: Reason.TOO_DEEP,
    NOT_AN_OBJECT: Reason.NOT_AN_OBJECT,
    KEY_MISSING: Reason.KEY_MISSING,
    KEY_TYPE: Reason.KEY_TYPE,
    KEY_TOO_LONG: Reason.KEY_TOO_LONG,
    NO_VALUE: Reason.NO_VALUE,
    UNKNOWN_STAGE: Reason.UNKNOWN_STAGE,
    PART_MISSING: Reason.PART_MISSING,
    ...ValueKind,
  },
}

describe('what is stated in AssemblyScript and in TypeScript', () => {
  for (const [name, constants] of Object.entries(stated)) {
    it(`is the same in the ${name}`, () => {
      const imports = { filled() {}, refused() {}, expired() {}, changed() {}, waits() {}, unescape() {} }
      const memory = newMemory(64 * wasmPageBytes)
      const exports = wasmInstance<Record<string, WasmGlobal>>(wasmModule(name), imports, memory)

      const compiled = Object.fromEntries(Object.keys(constants).map((each) => [each, exports[each]?.value]))
      assert.deepEqual(compiled, constants)
    })
  }
})
