import { segmentBits } from './constants/segments.ts'
import { newMemory, type WasmMemory, wasmPageBytes } from './wasm-module.ts'

export const segmentBytes = 1 << segmentBits
/**
 * Memory to begin with, which the system gives when it is touched: on Node 24 each growth makes the garbage collector run
 * (findings/wasm-memory-growth.sh).
 */
const bytesMin = 256 << 20
/** After the last segment, because the table reads somewhat more than it needs. */
const slackBytes = wasmPageBytes
/** The system gives memory by such pages, or by larger ones. */
const systemPageBytes = 4096

/** Memory of a pending table. */
export class TableMemory {
  readonly memory: WasmMemory
  /** Segments that the system has given before a table lives here. */
  touchedSegments = 0

  /** @param bytes - That there are to begin with, at least. */
  constructor(bytes = 0) {
    this.memory = newMemory(Math.max(bytes, bytesMin) + slackBytes)
  }

  /**
   * Has the system give the first bytes before a table lives here, no more than there are. That takes about 2 µs for 4
   * KiB, which the records to come are spared.
   */
  touch(bytes: number): void {
    this.touchedSegments = Math.floor(Math.min(bytes, this.memory.buffer.byteLength - slackBytes) / segmentBytes)
    const touched = new Uint8Array(this.memory.buffer, 0, this.touchedSegments * segmentBytes)
    for (let at = 0; at < touched.length; at += systemPageBytes) touched[at] = 0
  }
}
