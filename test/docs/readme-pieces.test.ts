import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { field, type Stage, stage, topology, type Topology } from '../../src/doors/millrace.ts'
import { driveTopology } from '../../src/doors/testing.ts'
import { ExampleFolder, files, pieces } from './readme-page.ts'

const part = (of: string, customerId = 'c-1') => ({ stage: of, customerId, part: of })

describe('the correlations of README.md', () => {
  const [expiring, remembering] = pieces('.correlate(')

  it('let a key expire whose parts do not all come', async () => {
    await using driver = await driveTopology(await customer360With(expiring!))
    await driver.give([part('A')])
    await driver.advance(3_600_000 * 1.25)

    await driver.give([part('A', 'c-2')])
    await driver.advance(3_600_000)

    assert.deepEqual(
      driver.expired().map(({ text }) => text),
      ['{"customerId":"c-1","A":"A"}'],
    )
  })

  it('take a part that comes again for a duplicate', async () => {
    await using driver = await driveTopology(await customer360With(remembering!))
    await driver.give([part('A'), part('B'), part('C')])

    await driver.give([part('B')])

    assert.equal(driver.merged().length, 1)
    assert.deepEqual(
      driver.deadLetters().map(({ reason }) => reason),
      ['COMPLETED'],
    )
  })

  /** The topology of the first screen with another correlation. */
  async function customer360With(piece: string): Promise<Topology> {
    using folder = new ExampleFolder()
    const [{ name, text }] = files as [{ name: string; text: string }]
    const changed = text.replace(/^ +\.correlate\(.*\n/m, piece)
    assert.notEqual(changed, text)
    folder.write(name, changed)
    const { customer360 } = (await folder.import(name)) as { customer360: Topology }
    return customer360
  }
})

describe('the stages of README.md', () => {
  const order = { stage: 'A', id: 1, body: { order: { sku: 7 } }, total: 12.5, customer: 'known' }

  it('give the parts that they say', async () => {
    const parts: unknown[] = []
    for (const each of await stages()) {
      await using driver = await drive(each)
      await driver.give([order, { stage: 'B', id: 1 }])
      parts.push(driver.merged()[0]?.value['A'])
    }

    assert.deepEqual(parts, [order, order.body.order, order.total, { ...order, enriched: true }, { name: 'known' }])
  })

  it('make a dead letter at once of a record that no retry can help', async () => {
    await using driver = await drive((await stages()).at(-1)!)
    await driver.give([{ ...order, customer: 'unknown' }])

    const [letter] = driver.deadLetters()
    assert.equal(letter?.reason, 'STAGE_FAILED')
    assert.match(letter.cause, /no such customer/)
  })

  /** A line of the example is a stage; what it names of its surroundings is made up here. */
  async function stages(): Promise<Stage[]> {
    using folder = new ExampleFolder()
    const [lines] = pieces('stage(')
    folder.write(
      'stages.ts',
      `import { field, PermanentFailure, stage } from 'millrace'
      const orderSchema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
      const enrich = async (order) => ({ ...order, enriched: true })
      const find = async (customer) => (customer === 'known' ? { name: customer } : undefined)
      export const stages = [
        ${lines!.replaceAll(/( +\/\/.*)?\n/g, ',\n')}
      ]`,
    )
    return ((await folder.import('stages.ts')) as { stages: Stage[] }).stages
  }

  function drive(sideA: Stage) {
    return driveTopology(
      topology('orders')
        .source('source')
        .route('by-stage', field('stage'), { A: sideA, B: stage() })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink'),
    )
  }
})
