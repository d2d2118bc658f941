/** A thread of a test: searches for rows that stay where they are, while another one changes those around them. */
import { parentPort, workerData } from 'node:worker_threads'
import type * as kernel from '../../../src/kernel/index.ts'

const { kernelUrl, rows, places, count } = workerData as {
  kernelUrl: string
  rows: kernel.SharedRows
  places: readonly number[]
  count: number
}
const { RowsReader } = (await import(kernelUrl)) as typeof kernel
const reader = new RowsReader(rows, 1)
for (let search = 0; search < count; search++) {
  const key = search % places.length
  reader.bytes.writeUInt32LE(key, reader.keyAt)
  const found = reader.find(4, 1)
  if (found !== places[key]) throw new Error(`search ${search} has found ${found} in place of ${places[key]}`)
}
parentPort!.postMessage(count)
