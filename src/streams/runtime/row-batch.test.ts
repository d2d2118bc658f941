import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lease, type RowBatch, RowBatchPool } from './row-batch.ts'

const read = { incarnation: 1, endOffset: 0, isPromoted: false }

async function send(pool: RowBatchPool, rowCount: number): Promise<RowBatch> {
  const batch = (await pool.take())!
  batch.columns.count = rowCount
  batch.passOn(read, rowCount, new Lease(() => {}))
  return batch
}

describe('A pool of batches', () => {
  it('gives out none while as many rows are on their way as may be, and the next when some have come', async () => {
    const pool = new RowBatchPool(4, { rowsMax: 100 })
    const [small, large] = [await send(pool, 40), await send(pool, 60)]

    const taking = pool.take()
    assert.ok(taking instanceof Promise)
    small.release()
    const taken = (await taking)!
    taken.release()
    large.release()

    assert.ok(pool.isIdle)
  })

  it('gives out no more batches than there are, however few their rows', async () => {
    const pool = new RowBatchPool(2, { rowsMax: 100 })
    const first = await send(pool, 1)
    await send(pool, 1)

    const taking = pool.take()
    assert.ok(taking instanceof Promise)
    first.release()
    assert.equal(await taking, first)
  })
})
