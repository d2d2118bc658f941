import { newMemory, type WasmMemory, wasmPageBytes } from './wasm-module.ts'

export const segmentBytes = 2 << 20
/** Memory to begin with, which the system gives when it is touched: each growth makes the garbage collector run. */
const bytesMin = 256 << 20
/** Behind the last segment, because the table reads somewhat more than it needs. */
const slackBytes = wasmPageBytes
/** The system gives memory by such pages, or by larger ones. */
const systemPageBytes = 4096

/** Memory of a pending table. */
export class TableMemory {
  readonly memory: WasmMemory
  /** Segments that the system has given ahead of need; the table keeps them, also when they are free. */
  reservedSegments = 0

  /** @param bytes - That there are to begin with, at least. */
  constructor(bytes: number) {
    this.memory = newMemory(Math.max(segmentsOf(bytes) * segmentBytes, bytesMin) + slackBytes)
  }

  /**
   * Has the system give the first bytes of what there is before a table lives in it, which takes about 2 µs for 4 KiB and
   * spares that the records to come.
   */
  reserve(bytes: number): void {
    this.reservedSegments = segmentsOf(bytes)
    const reserved = new Uint8Array(this.memory.buffer, 0, this.reservedSegments * segmentBytes)
    for (let at = 0; at < reserved.length; at += systemPageBytes) reserved[at] = 0
  }
}

function segmentsOf(bytes: number): number {
  return Math.ceil(bytes / segmentBytes)
}
