import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import type { Browser, Page } from 'playwright-core'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import type { ServeOptions } from '../../src/http/index.ts'
import { endTxn } from '../../src/protocol/index.ts'
import type { App } from '../../src/streams/index.ts'
import { suiteStack } from '../at-end.ts'
import { customers, customerTopology, record } from '../integration/customers.ts'
import { committed, startQuietly } from '../integration/run.ts'
import { produce, type SourceRecord } from '../integration/target.ts'
import { FaultProxy } from '../transactions/fault-proxy.ts'
import { until } from '../until.ts'
import { accessibilityFaults, type Look, openPage, skipWithoutBrowser, startBrowser } from './browser.ts'
import { type QuietServer, serveQuietly } from './serve-quietly.ts'

const invalidTxnState = 48
const names = { app: 'order-360', source: 'orders', sink: 'merged-orders' }
const attack = '<img src=x onerror="globalThis.attacked = true"><script>globalThis.attacked = true</script>'
/** The pictures of the docs are made by `MILLRACE_SCREENSHOTS=docs/images`. */
const screenshots = process.env['MILLRACE_SCREENSHOTS'] ?? join(import.meta.dirname, '../../.cache/screenshots')

describe('the dashboard', { skip: skipWithoutBrowser, timeout: 120_000 }, () => {
  let browser: Browser
  let broker: Broker
  let kafka: Kafka
  let proxy: FaultProxy
  let app: App
  /** With a past, because it is the same for all pictures. */
  let shared: QuietServer
  let lastId = 10_000
  const stack = suiteStack()
  before(async () => {
    broker = stack.use(await startBroker({ topics: [{ name: 'orders', partitions: 4 }, { name: 'merged-orders' }] }))
    kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
    browser = await startBrowser()
    stack.defer(() => browser.close())
    proxy = stack.use(await FaultProxy.start(broker.bootstrapServers, broker))
    app = stack.use(await startQuietly(customerTopology(names), proxy.bootstrapServers))
    await write([
      ...customers(200),
      ...Array.from({ length: 30 }, (_, id) => record('A', 1_000 + id)),
      ...Array.from({ length: 12 }, (_, id) => record('B', 2_000 + id)),
      { value: attack, key: attack },
      { value: '{"stage":"Z","id":1}' },
      record('A', 1_000),
    ])
    await app.caughtUp
    shared = stack.use(await serveQuietly(app, { httpPayloads: true }))
  })

  /** Both records of customers that have not come before. */
  function wholeCustomers(count: number): SourceRecord[] {
    return Array.from({ length: count }, () => lastId++).flatMap((id) =>
      ['A', 'B'].map((side) => ({ ...record(side, id), partition: id % 4 })),
    )
  }

  /** Writes records of now, and resolves once the program has committed them. */
  async function write(records: readonly SourceRecord[]): Promise<void> {
    const timestampMs = systemClock.nowMs()
    const { consumed } = app.progress()
    await produce(
      kafka,
      names.source,
      records.map((each) => ({ ...each, timestampMs })),
    )
    await committed(app, consumed + records.length)
  }

  /** A page that has been told how the program is. */
  async function look(server: QuietServer, options?: Look) {
    const watched = await openPage(browser, server.url, options)
    await watched.page.waitForSelector('[data-figure=records]')
    return watched
  }

  const serveIt = (options?: ServeOptions) => serveQuietly(app, options)

  const textOf = async (page: Page, selector: string) => (await page.textContent(selector)) ?? ''

  /** Resolves once an element has a text like this. */
  async function shows(page: Page, selector: string, text: RegExp | string): Promise<void> {
    await until(`${selector} shows ${text}`, async () => {
      const found = await textOf(page, selector)
      return typeof text === 'string' ? found === text : text.test(found)
    })
  }

  it('shows what the report says, live, and asks nobody else', async () => {
    await using server = await serveIt()
    const { page, faults } = await look(server)

    const told = ['consumed', 'emitted', 'pending'] as const
    for (const more of [[], wholeCustomers(40)]) {
      await write(more)
      const { records, mergedRecords, pendingRows, accounting } = app.report()
      const figures = { records, merged: mergedRecords, pending: pendingRows, lag: 0, letters: 3 }
      for (const [figure, value] of Object.entries(figures)) {
        await shows(page, `[data-figure=${figure}]`, value.toLocaleString('en'))
      }
      await until('the partitions are those of the account', async () => {
        const [titles, ...rows] = await page
          .locator('#partitions tr')
          .evaluateAll((found) => found.map((row) => [...row.children].map(({ textContent }) => textContent)))
        const shown = rows.map((row) => told.map((title) => row[titles!.indexOf(title)]))
        const expected = accounting.map((account) => told.map((title) => String(account[title])))
        return JSON.stringify(shown) === JSON.stringify(expected)
      })
    }
    await shows(page, '#connection', 'live')
    await shows(page, '#health', /^Ready: is the active process/)
    await page.close()

    assert.deepEqual(faults, [])
  })

  it('leaves what has not changed as it is, so a selection stays', async () => {
    await using server = await serveIt()
    const { page, faults } = await look(server)
    const records = '[data-figure=records]'
    await page.waitForSelector('#partitions th')
    const before = await textOf(page, records)
    await page.evaluate(`
      globalThis.known = [...document.querySelectorAll('#figures dd, #flow g, #pending li, #actors li, #partitions td')]
      getSelection().selectAllChildren(document.querySelector('#partitions th'))
    `)
    await write(wholeCustomers(10))
    await until('the records are counted', async () => (await textOf(page, records)) !== before)

    const lost = await page.evaluate(
      'known.filter((element) => !element.isConnected).map(({ outerHTML }) => outerHTML)',
    )
    const [count, selected] = (await page.evaluate('[known.length, String(getSelection())]')) as [number, string]
    assert.deepEqual([lost, selected, faults], [[], 'topic', []])
    assert.ok(count > 20, `${count} elements`)
    await page.close()
  })

  it('has nothing move by itself where records flow, which would have the browser draw all the time', async () => {
    const { page } = await look(shared)

    const moving = await page.locator('.flow path').evaluateAll((edges) => {
      for (const edge of edges) edge.setAttribute('class', 'busy')
      return edges.map((edge) => edge.getAnimations().length)
    })
    await page.close()

    assert.ok(moving.length > 0)
    assert.deepEqual(new Set(moving), new Set([0]))
  })

  it('counts pending rows by what they lack', async () => {
    await using server = await serveIt()
    const { page } = await look(server)

    await shows(page, '#pending', /30 rows wait only for B/)
    await shows(page, '#pending', /12 rows wait only for A/)
    await page.close()
  })

  it('shows an actor that was killed, with its cause', async () => {
    await using server = await serveIt()
    const { page, faults } = await look(server)
    const sink = `[data-actor="${names.app}/sinks/${names.sink}"]`
    assert.equal((await textOf(page, sink)).includes('restart'), false)

    const befell = proxy.inject(endTxn, { refuse: invalidTxnState })
    await write(wholeCustomers(1))
    await befell

    await shows(page, sink, /1 restart.*KafkaError: .*the coordinator has aborted the transaction/)
    await shows(page, '[data-figure=rollbacks]', '1')
    await page.close()
    assert.deepEqual(faults, [])
  })

  it('shows a payload as the text that it is, where payloads are switched on', async () => {
    await using server = await serveIt({ httpPayloads: true })
    const { page, faults } = await look(server)

    await page.click('[data-reason=NOT_JSON]')
    await page.click('#letters summary')

    assert.equal(await textOf(page, '#letters pre'), attack)
    assert.equal(await page.locator('#letters img, #letters script').count(), 0)
    assert.equal(await page.evaluate('globalThis.attacked'), undefined)
    await page.close()
    assert.deepEqual(faults, [])
  })

  it('masks payloads otherwise', async () => {
    await using server = await serveIt()
    const { page } = await look(server)

    await page.click('[data-reason=NOT_JSON]')
    await page.click('#letters summary')

    assert.match(await textOf(page, '#letters pre'), /^\(masked/)
    assert.equal((await page.content()).includes('onerror'), false)
    await page.close()
  })

  it('explains a key, proves the account and lists the processes, by the keyboard alone', async () => {
    await using server = await serveIt()
    const { page, faults } = await look(server)

    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.className'), 'skip')
    const reach = async (id: string) => {
      await until(`Tab leads to ${id}`, async () => {
        await page.keyboard.press('Tab')
        return (await page.evaluate('document.activeElement.id')) === id
      })
    }
    await reach('key')
    await page.keyboard.type('2000')
    await page.keyboard.press('Enter')
    await shows(page, '#explanation', /waits for A/)
    await reach('audit-button')
    await page.keyboard.press('Enter')
    await shows(page, '#audit', /^proved: /)
    await reach('processes-button')
    await page.keyboard.press('Space')
    await shows(page, '#processes', /^active at 127\.0\.0\.1/)
    await page.close()
    assert.deepEqual(faults, [])
  })

  it('asks for the token where the server wants one', async () => {
    await using server = await serveIt({ httpToken: new Secret('b8c1') })
    const { page } = await openPage(browser, server.url)

    for (const [token, isRight] of [
      ['wrong', false],
      ['b8c1', true],
    ] as const) {
      await page.waitForSelector('#token-form:not([hidden])')
      assert.equal(await page.isVisible('#live'), false)
      await page.fill('#token', token)
      await page.click('#token-form button')
      if (isRight) await page.waitForSelector('[data-figure=records]')
    }

    assert.equal(await page.isVisible('#token-form'), false)
    await page.close()
  })

  it('says when the server has gone', async () => {
    await using server = await serveIt()
    const { page } = await look(server)

    await server.close()

    await shows(page, '#connection', 'disconnected')
    await page.close()
  })

  for (const [name, options] of Object.entries({
    dashboard: { height: 1_500 },
    'dashboard-dark': { height: 1_500, colorScheme: 'dark' },
    'dashboard-phone': { width: 390, height: 844, colorScheme: 'dark' },
  } satisfies Record<string, Look>)) {
    it(`breaks no rule of accessibility, and fits the screen: ${name}`, async () => {
      await mkdir(screenshots, { recursive: true })
      const { page, faults } = await look(shared, options)
      await shows(page, '#pending', /wait only for B/)
      for (const count of [100, 300, 200]) {
        await write(wholeCustomers(count))
        await shows(page, '[data-figure=merged]', app.report().mergedRecords.toLocaleString('en'))
      }
      await page.click('[data-reason=NOT_JSON]')
      await page.click('#letters summary')
      await page.fill('#key', '2000')
      await page.click('#explain-form button')
      await shows(page, '#explanation', /waits for A/)
      await page.evaluate('scrollTo(0, 0)')
      // Edges along which something flows look so for a second.
      const flowing = page.waitForSelector('.flow path.busy')
      await Promise.all([write(wholeCustomers(300)), flowing])

      await page.screenshot({ path: join(screenshots, `${name}.png`) })

      assert.deepEqual(await accessibilityFaults(page), [])
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
      assert.ok(overflow <= 0, `${overflow} pixels too wide`)
      if (!('width' in options)) {
        const hidden = await page.evaluate(
          "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).map(({ id }) => id)",
        )
        assert.deepEqual(hidden, [], 'nothing has to be scrolled sideways at 1280 pixels')
      }
      await page.close()
      assert.deepEqual(faults, [])
    })
  }
})
