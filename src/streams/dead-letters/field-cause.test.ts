import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const program = topology('shop')
  .source('orders')
  .route('by-kind', field('kind'), {
    order: stage({ part: field('order') }),
    payment: stage({ part: field('paid.by') }),
  })
  .correlate('by-id', { order: field('id'), payment: field('orderId').asNumber() }, { of: ['order', 'payment'] })
  .sink('out')

describe('the cause of a dead letter that is for a field', () => {
  it('names the field of its side, and what stands there', async () => {
    await using driver = await driveTopology(program)

    await driver.give([
      { kind: 'order', id: 1 },
      { kind: 'payment', orderId: 1, paid: {} },
      { kind: 'order', order: {} },
      { kind: 'order', id: ['1'], order: {} },
      { kind: 'payment', orderId: 'one', paid: { by: 'card' } },
    ])

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      [
        ['PART_MISSING', 'the field "order" of the part is missing'],
        ['PART_MISSING', 'the field "paid.by" of the part is missing'],
        ['KEY_MISSING', 'the field "id" of the merge key is missing'],
        ['KEY_TYPE', 'the field "id" of the merge key is neither a string nor a number: it is a list'],
        ['KEY_TYPE', 'the merge key is a string that is no number'],
      ],
    )
  })
})
