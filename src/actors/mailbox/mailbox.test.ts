import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Envelope, Mailbox, waitingMax } from './mailbox.ts'

describe('Mailbox', () => {
  it('admits messages up to its count and lets further ones wait', () => {
    const mailbox = new Mailbox(2, Infinity)

    const outcomes = [1, 1, 1].map((sizeBytes) => mailbox.put(envelope(sizeBytes)))

    assert.deepEqual(outcomes, ['admitted', 'admitted', 'waiting'])
    assert.deepEqual([mailbox.admittedCount, mailbox.waitingCount], [2, 1])
  })

  it('B12 admits messages up to its bytes and lets further ones wait', () => {
    const mailbox = new Mailbox(10, 100)

    const outcomes = [60, 40, 1].map((sizeBytes) => mailbox.put(envelope(sizeBytes)))

    assert.deepEqual(outcomes, ['admitted', 'admitted', 'waiting'])
    assert.equal(mailbox.admittedBytes, 100)
  })

  it('takes a message larger than its bound once it is empty', () => {
    const mailbox = new Mailbox(10, 100)

    const outcomes = [500, 1].map((sizeBytes) => mailbox.put(envelope(sizeBytes)))
    mailbox.shift()

    assert.deepEqual(outcomes, ['admitted', 'waiting'])
    assert.deepEqual([mailbox.admittedCount, mailbox.admittedBytes], [1, 1])
  })

  it('lets no small message overtake a large one that waits', () => {
    const mailbox = new Mailbox(10, 100)
    const [first, large, small] = [envelope(60), envelope(60), envelope(1)]

    const outcomes = [first, large, small].map((each) => mailbox.put(each))
    const order = [first, large, small].map(() => {
      const head = mailbox.peek()
      mailbox.shift()
      return head
    })

    assert.deepEqual(outcomes, ['admitted', 'waiting', 'waiting'])
    assert.deepEqual(order, [first, large, small])
  })

  it('tells the sender of each waiting message that room has come', async () => {
    const mailbox = new Mailbox(1, Infinity)
    const [first, second, third] = [envelope(1), envelope(1), envelope(1)]
    second.sender = Promise.withResolvers()
    third.sender = Promise.withResolvers()
    const told: string[] = []
    void second.sender.promise.then(() => told.push('second'))
    const thirdIsIn = third.sender.promise.then(() => told.push('third'))

    for (const each of [first, second, third]) mailbox.put(each)
    mailbox.shift()
    await Promise.resolve()
    assert.deepEqual(told, ['second'])

    mailbox.shift()
    await thirdIsIn
    assert.deepEqual(told, ['second', 'third'])
  })

  it('refuses a message when the greatest number waits already', () => {
    const mailbox = new Mailbox(1, Infinity)
    mailbox.put(envelope(1))
    for (let count = 0; count < waitingMax; count++) assert.equal(mailbox.put(envelope(1)), 'waiting')

    assert.equal(mailbox.put(envelope(1)), 'refused')
    mailbox.shift()
    assert.equal(mailbox.put(envelope(1)), 'waiting')
  })

  it('gives up all it holds, admitted or waiting, in order', () => {
    const mailbox = new Mailbox(1, Infinity)
    const envelopes = [envelope(1), envelope(2), envelope(3)]
    for (const each of envelopes) mailbox.put(each)

    assert.deepEqual(mailbox.clear(), envelopes)
    assert.deepEqual([mailbox.admittedCount, mailbox.admittedBytes, mailbox.waitingCount], [0, 0, 0])
  })
})

function envelope(sizeBytes: number): Envelope {
  return { message: { type: 'work' }, sizeBytes, ask: undefined, origin: undefined, sender: undefined, failures: 0 }
}
