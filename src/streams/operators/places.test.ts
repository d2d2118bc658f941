import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { driveTopology } from '../../testing/index.ts'
import { field } from '../topology/field.ts'
import { header, type KeyFunction, recordKey } from '../topology/key.ts'
import { stage } from '../topology/stage.ts'
import { topology } from '../topology/topology.ts'

const stages = { A: stage({ part: field('part') }), B: stage({ part: field('part') }) }

/** A program whose keys a function makes. */
function keyedBy(key: KeyFunction) {
  return topology('orders')
    .source('source')
    .route('by-side', field('side'), stages)
    .correlate('by-key', key, { of: ['A', 'B'], keyName: 'key' })
    .sink('sink')
}

const order = (side: string, key: unknown) => ({ side, key, part: side.toLowerCase() })

describe('a route by what is not in the value', () => {
  it('goes by a header, the last one of its name', async () => {
    const program = topology('orders')
      .source('source')
      .route('by-type', header('ce_type'), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([{ key: 1, part: 'a' }], { headers: { ce_type: 'A' } })
    await driver.give([{ key: 1, part: 'b' }, 'no JSON'], { headers: { ce_type: 'B' } })
    await driver.give([{ key: 1, part: 'b' }])

    assert.equal(driver.merged()[0]!.text, '{"key":1,"A":"a","B":"b"}')
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause.slice(0, 44)]),
      [
        ['NOT_JSON', 'the value is not JSON: byte 0 is "n", and it'],
        ['UNKNOWN_STAGE', 'the header "ce_type" of the route is missing'],
      ],
    )
  })

  it('goes by the key of the record', async () => {
    const program = topology('orders')
      .source('source')
      .route('by-key-of-record', recordKey(), stages)
      .correlate('by-key', field('key'), { of: ['A', 'B'] })
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([{ key: 1, part: 'a' }], { key: 'A' })
    await driver.give([{ key: 1, part: 'b' }], { key: 'B' })
    await driver.give([{ key: 1, part: 'b' }], { key: 'C' })

    assert.equal(driver.merged().length, 1)
    assert.deepEqual(
      driver.deadLetters().map(({ cause }) => cause),
      ['the key of the record has "C", but there is no such stage; the stages are "A", "B"'],
    )
  })
})

describe('a merge key that a function makes', () => {
  it('is a string or a number, as one in JSON would be', async () => {
    const keys = ['k', 'é"\\\n', '', 17, 1e21, -0.5, 0]
    await using driver = await driveTopology(keyedBy((value) => keys[(value as { key: number }).key]))

    for (const side of ['A', 'B']) await driver.give(keys.map((_, key) => order(side, key)))

    assert.deepEqual(
      driver.merged().map(({ text }) => text),
      keys.map((key) => `{"key":${JSON.stringify(key)},"A":"a","B":"b"}`),
    )
    assert.deepEqual(
      driver.merged().map(({ key }) => key),
      ['k', 'é"\\\n', '', '17', '1000000000000000000000', '-0.5', '0'],
    )
  })

  it('meets the same key in a field of another side', async () => {
    const program = topology('orders')
      .source('source')
      .route('by-side', field('side'), stages)
      .correlate(
        'by-key',
        { A: (value: { key: string }, { headers }) => value.key + headers.text('end')!, B: field('key') },
        { of: ['A', 'B'], keyName: 'key' },
      )
      .sink('sink')
    await using driver = await driveTopology(program)

    await driver.give([order('A', 'k')], { headers: { end: '-1' } })
    await driver.give(['{"side":"B","key":"\\u006b-1","part":"b"}'])

    assert.equal(driver.merged()[0]!.text, '{"key":"k-1","A":"a","B":"b"}')
  })

  it('that is none, or that it fails to make, is a dead letter', async () => {
    const keys = [undefined, null, true, Number.NaN, {}, 'x'.repeat(2_000)]
    await using driver = await driveTopology(
      keyedBy((value) => {
        const { key } = value as { key: number }
        if (key === keys.length) throw new Error('down')
        return keys[key] as string
      }),
    )

    await driver.give([...keys, 'last'].map((_, key) => order('A', key)))

    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      [
        ['KEY_MISSING', 'the function of the merge key returned undefined'],
        ['KEY_MISSING', 'the function of the merge key returned null'],
        ['KEY_TYPE', 'the function of the merge key returned true, where a string or a number belongs'],
        ['KEY_TYPE', 'the function of the merge key returned NaN, where a string or a number belongs'],
        ['KEY_TYPE', 'the function of the merge key returned an object, where a string or a number belongs'],
        ['KEY_TOO_LONG', 'the merge key is too long'],
        ['KEY_FAILED', 'down'],
      ],
    )
  })

  it('must not be a promise', async () => {
    await using driver = await driveTopology(keyedBy((async () => 'k') as unknown as KeyFunction))

    await assert.rejects(driver.give([order('A', 1)]), /the function of "by-side-key" returns a promise/)
  })
})

describe('the timestamp of a source', () => {
  it('is that of a field, by which rows expire and merged records are dated', async () => {
    const seen: number[] = []
    const program = topology('orders')
      .source('source', { timestamp: field('at') })
      .route('by-side', field('side'), {
        A: stage({ part: field('part') }),
        B: stage({
          part: (_, { timestampMs }) => {
            seen.push(timestampMs)
            return 'b'
          },
        }),
      })
      .correlate('by-key', field('key'), { of: ['A', 'B'], expireAfterMs: 1_000 })
      .sink('sink')
    await using driver = await driveTopology(program, { startMs: Date.parse('2026-02-01T00:00:00Z') })
    const minute = (number: number) => Date.parse('2026-01-01T12:00:00Z') + number * 60_000

    await driver.give([{ ...order('A', 1), at: minute(0) }, order('A', 2), { ...order('A', 3), at: 'soon' }])
    await driver.give([
      { ...order('B', 1), at: '2026-01-01T12:00:00.500Z' },
      { ...order('A', 4), at: minute(1) },
    ])
    await driver.give([{ ...order('A', 5), at: minute(5) }])
    await driver.advance(10_000)

    assert.deepEqual(
      driver.merged().map(({ text, timestampMs }) => [text, timestampMs]),
      [['{"key":1,"A":"a","B":"b"}', minute(0) + 500]],
    )
    assert.deepEqual(
      driver.expired().map(({ key }) => key),
      ['4'],
    )
    assert.deepEqual(seen, [minute(0) + 500])
    assert.deepEqual(
      driver.deadLetters().map(({ reason, cause }) => [reason, cause]),
      [
        ['TIMESTAMP_INVALID', 'at, the field of the timestamp, is missing'],
        [
          'TIMESTAMP_INVALID',
          'at, the field of the timestamp, has neither milliseconds nor a time in ISO 8601 with its offset',
        ],
      ],
    )
  })
})
