import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type App, field, stage, topology } from '../../src/streams/index.ts'
import { closeAtEnd, suiteStack } from '../at-end.ts'
import { customerTopology, record } from '../integration/customers.ts'
import { keyedPartitions, keyedRecords, keyedTopology } from '../integration/keyed-topology.ts'
import { startMember } from '../integration/sharing-members.ts'
import { committed, startQuietly } from '../integration/run.ts'
import { createStream, type Stream } from '../integration/target.ts'
import { until } from '../until.ts'
import { accessibilityFaults, openPage, skipWithoutBrowser, startBrowser } from './browser.ts'
import { serveQuietly } from './serve-quietly.ts'
import { withAdmin } from './with-admin.ts'

const part = field('part')

/** Two correlations, with steps before the first and after the second, and a branch. */
function longTopology({ app, source, sink, otherSources }: Stream) {
  return topology(app)
    .source<{ stage: string }>(source)
    .filter('no-test-data', ({ stage: side }) => side !== 'test')
    .map('cleaned', (value) => value)
    .route('by-stage', field('stage'), { A: stage({ part }), B: stage({ part }) })
    .correlate('by-id', field('id'), { of: ['A', 'B'] })
    .into('both')
    .source(otherSources['names']!)
    .side('name')
    .correlate('by-customer', field('id'), { of: ['both', 'name'] })
    .filter('wanted', () => true)
    .map('shaped', (value) => value)
    .branch('by-kind', () => 'even', { even: { topic: sink }, odd: { topic: otherSources['odd']! } })
}

describe('the dashboard of other programs', { skip: skipWithoutBrowser, timeout: 120_000 }, () => {
  let browser: Browser
  let servers: string
  const stack = suiteStack()
  before(async () => {
    servers = stack.use(await startBroker()).bootstrapServers
    browser = await startBrowser()
    stack.defer(() => browser.close())
  })

  const stream = () => withAdmin(servers, (cluster) => createStream(cluster, { otherSources: { names: 1, odd: 1 } }))

  async function look(app: App, { httpPayloads = true } = {}) {
    const server = await serveQuietly(app, { httpPayloads })
    closeAtEnd(() => server[Symbol.asyncDispose]())
    const watched = await openPage(browser, server.url)
    await watched.page.waitForSelector('[data-figure=records]')
    const shows = (selector: string, text: RegExp) =>
      until(`${selector} shows ${text}`, async () => text.test((await watched.page.textContent(selector)) ?? ''))
    return { ...watched, shows }
  }

  it('draws each step and the correlations as a chain, and the one that is chosen', async () => {
    const topics = await stream()
    await topics.produce([record('A', 1), record('B', 1), record('A', 2)])
    await using app = await startQuietly(longTopology(topics), servers)
    await app.caughtUp
    const { page, faults, shows } = await look(app)
    const nodes = () =>
      page.locator('[data-node]').evaluateAll((all) => all.map((each) => each.getAttribute('data-node')))

    assert.deepEqual(
      new Set(await nodes()),
      new Set([
        'source',
        'step-no-test-data',
        'step-cleaned',
        'route',
        'stage-A',
        'stage-B',
        'correlate',
        'sink',
        'next',
        'dead-letters',
      ]),
    )
    await shows('[data-node=next]', /then by-customer/)
    assert.match(
      (await page.getAttribute('.flow', 'aria-label'))!,
      /filter no-test-data; map cleaned; .*then by-customer/,
    )
    await page.click('#subtopologies button:nth-child(2)')

    await shows('[data-node=correlate]', /by-customer/)
    assert.deepEqual(
      (await nodes()).filter((node) => /^(step|sink|source)/.test(node!)),
      [
        'source',
        `source-${topics.otherSources['names']}`,
        'step-wanted',
        'step-shaped',
        'step-by-kind',
        'sink',
        'sink-odd',
      ],
    )
    await shows('[data-node=step-by-kind]', /branch by-kind/)
    assert.deepEqual(await accessibilityFaults(page), [])
    await page.close()
    assert.deepEqual(faults, [])
  })

  it('shows the oldest rows, a topic on which everything is a dead letter, and what a letter was made of', async () => {
    const topics = await stream()
    const hourAgo = systemClock.nowMs() - 3_600_000
    const bad = Array.from({ length: 30 }, (_, at) => ({
      value: `no JSON ${at}`,
      headers: { kind: 'broken' },
      timestampMs: hourAgo,
    }))
    await topics.produce([{ ...record('A', 7), timestampMs: hourAgo }])
    await using app = await startQuietly(customerTopology(topics), servers, { maxConsecutivePoison: 20 })
    await app.caughtUp
    await topics.produce(bad)
    await committed(app, 1 + bad.length)
    const { page, faults, shows } = await look(app)

    await shows('#pending', /The oldest.*7B1 h/)
    await shows('#streaks', /\d+ records of .* in a row were dead letters, the last for NOT_JSON\.$/)
    await page.click('[data-reason=NOT_JSON]')
    await page.click('#letters summary >> nth=0')
    await shows('#letters details', /made of .* 0@\d+; key absent; \d+ bytes.*headers kind: broken/)
    await topics.produce([record('B', 7)])
    await shows('#streaks', /others have been used since/)
    assert.deepEqual(await accessibilityFaults(page), [])
    await page.close()
    assert.deepEqual(faults, [])
  })

  it('shows all processes that share the work, their tasks and copies, and what all have done', async () => {
    const topics = await withAdmin(servers, (cluster) => createStream(cluster, { sourcePartitions: keyedPartitions }))
    await topics.produce([...keyedRecords(['A', 'B', 'C'], 0, 40), ...keyedRecords(['A'], 40, 50)])
    await using app = await startQuietly(keyedTopology(topics), servers, { standbyTasks: 1 })
    // No process keeps copies of its own tasks.
    const { app: name, source, sink } = topics
    const other = startMember({ app: name, source, sink, bootstrapServers: servers, layout: 'keyed', standbyTasks: 1 })

    const { page, faults } = await look(app)
    const told = await until('two processes have all tasks, and all is merged', async () => {
      const rows = await page
        .locator('#members tbody tr')
        .evaluateAll((found) => found.map((row) => [...row.children].map(({ textContent }) => textContent)))
      const shares = rows.slice(0, -1).map(([, host, tasks, copies]) => `${host} ${tasks} ${copies}`)
      const areShared = shares.toSorted((a, b) => a.localeCompare(b)).join() === '127.0.0.1 0–5 6–11,127.0.0.1 6–11 0–5'
      return areShared && rows.at(-1)?.join() === 'all,2 processes,12,,130,120,0,10,0' && rows
    })
    assert.equal(told.filter(([process]) => process!.endsWith(', this one')).length, 1)
    assert.equal(await page.locator('#partitions tbody tr').count(), keyedPartitions)
    assert.equal(await page.textContent('#now-title'), 'Now, in this process')
    assert.deepEqual(await accessibilityFaults(page), [])
    await page.close()
    other.kill('SIGKILL')
    assert.deepEqual(faults, [])
  })

  it('lists all processes with their roles', async () => {
    const topics = await stream()
    await using active = await startQuietly(customerTopology(topics), servers)
    await using _standby = await startQuietly(customerTopology(topics), servers)
    await active.caughtUp
    const { page, faults, shows } = await look(active)

    await page.click('#processes-button')

    await shows('#processes', /^active at .*standby at /)
    await page.close()
    assert.deepEqual(faults, [])
  })
})
