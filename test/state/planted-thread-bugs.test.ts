import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { execFile } from 'node:child_process'
import { type Bug, PlantedLayers } from './planted.ts'
import type { ScenarioName } from './threads/try-scenario.ts'

/** Faults in what threads share, with what shows them. */
const bugs: Record<string, Bug & { readonly scenario: ScenarioName }> = {
  'rows freed that another thread reads': {
    file: 'state/sharing/thread-pins.ts',
    from: 'for (const thread of this.#found.keys())',
    to: 'for (const thread of [] as number[])',
    scenario: 'reading',
  },
  'a search that is torn, and taken as it is': {
    file: 'kernel/assembly/rows.ts',
    from: 'return endsTorn() ? TORN : address',
    to: 'return address',
    scenario: 'searching',
  },
  'pins let go before rows are settled': {
    file: 'state/sharing/thread-pins.ts',
    from: 'this.#find(version - 1)',
    to: 'this.look(version - 1)',
    scenario: 'ending',
  },
  'reads of another thread not validated': {
    file: 'state/sharing/committer.ts',
    from: 'if (rows.lastChange(key) > start)',
    to: 'if (rows.lastChange(key) > start + 1e9)',
    scenario: 'histories',
  },
  'reads of another thread not sent': {
    file: 'state/sharing/shared-transaction.ts',
    from: "this.isolation === 'serializable' ?",
    to: "this.isolation !== 'serializable' ?",
    scenario: 'histories',
  },
  'pins that stay when their thread ends': {
    file: 'state/sharing/thread-pins.ts',
    from: 'if (version >= 0) this.#pins.unpin(version)',
    to: 'if (version < 0) this.#pins.unpin(version)',
    scenario: 'ending',
  },
}

describe('L4 planted bugs between threads', () => {
  const layers = new PlantedLayers()
  after(() => layers.remove())

  for (const scenario of ['searching', 'reading', 'histories', 'ending'] as const) {
    it(`are looked for without any by ${scenario}, and nothing is found`, async () => {
      assert.deepEqual(await trying(layers.plant(`none ${scenario}`, undefined), scenario), { hasFailed: false })
    })
  }

  for (const [name, bug] of Object.entries(bugs)) {
    it(`shows ${name}`, async () => {
      assert.deepEqual(await trying(layers.plant(name, bug), bug.scenario), { hasFailed: true })
    })
  }
})

/** In a process of its own, which may die of a fault in any way. */
async function trying(layerUrl: string, scenario: ScenarioName): Promise<{ hasFailed: boolean }> {
  const script = `${import.meta.dirname}/threads/try-scenario.ts`
  return new Promise((resolve) =>
    execFile(process.execPath, [script, layerUrl, scenario], { timeout: 60_000 }, (error) =>
      resolve({ hasFailed: error !== null }),
    ),
  )
}
