import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { unusedPort } from '../kafka-peer/index.ts'
import { packedPackage } from '../package/packed-package.ts'
import { until } from '../until.ts'
import { isAsShown } from './shown-output.ts'
import { Terminal } from './terminal.ts'
import { type Command, readTutorial } from './tutorial-page.ts'

describe('docs/tutorial.md', () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-tutorial-'))
  after(() => rmSync(home, { recursive: true }))

  it('leads from an empty folder to a program with a test and a dashboard, and shows what commands print', async (t) => {
    const install = `npm install ${packedPackage()}`
    await using reader = new Reader(home, install, { 9092: await unusedPort(), 9464: await unusedPort() })
    const startMs = systemClock.monotonicMs()
    for (const step of readTutorial()) {
      const beforeMs = systemClock.monotonicMs()
      if (step.kind === 'file') writeFileSync(join(home, 'paid-orders', step.name), step.text)
      else await reader.take(step)
      t.diagnostic(`${secondsSince(beforeMs)}  ${step.kind === 'file' ? step.name : step.words}`)
    }
    t.diagnostic(`all steps took ${secondsSince(startMs)}`)

    assert.deepEqual(reader.differences, [])
  })
})

/** Does what the page says, and notes where something else comes of it. */
class Reader implements AsyncDisposable {
  /** Commands with what they have printed in place of what the page shows. */
  readonly differences: string[] = []
  readonly #home: string
  readonly #install: string
  readonly #ports: Readonly<Record<string, number>>
  readonly #terminals = new AsyncDisposableStack()
  readonly #first: Terminal
  #aProgramRuns = false

  /**
   * @param install - In place of the installation from the registry.
   * @param ports - In place of those on the page.
   */
  constructor(home: string, install: string, ports: Readonly<Record<string, number>>) {
    this.#home = home
    this.#install = install
    this.#ports = ports
    this.#first = this.#terminals.use(new Terminal(home))
  }

  async take({ words, shown, runsOn }: Command): Promise<void> {
    const typed = this.#translated(words === 'npm install millrace' ? this.#install : words, 'ours')
    const hasPrinted = (printed: string) => isAsShown(this.#translated(printed, 'page'), shown)
    if (runsOn) {
      const other = this.#terminals.use(new Terminal(join(this.#home, 'paid-orders')))
      await other.start(typed, hasPrinted)
      this.#aProgramRuns ||= words.includes('millrace run')
      return
    }
    let { code, printed } = await this.#first.run(typed)
    // A program that runs may not have come so far yet.
    if (this.#aProgramRuns && !words.includes('produce'))
      await until(`"${typed}" prints what is shown`, async () => {
        if (!hasPrinted(printed)) ({ code, printed } = await this.#first.run(typed))
        return hasPrinted(printed)
      })
    assert.equal(code, 0, `${words}\n${printed}`)
    if (!hasPrinted(printed)) this.differences.push(`$ ${words}\n${this.#translated(printed, 'page')}`)
  }

  /** A text with the ports of this test, or with those of the page. */
  #translated(text: string, into: 'ours' | 'page'): string {
    return Object.entries(this.#ports).reduce((given, [page, ours]) => {
      return into === 'ours' ? given.replaceAll(page, String(ours)) : given.replaceAll(String(ours), page)
    }, text)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#terminals.disposeAsync()
  }
}

function secondsSince(startMs: number): string {
  return `${((systemClock.monotonicMs() - startMs) / 1_000).toFixed(1)} s`
}
