import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { seededRandom } from '../../src/core/random.ts'
import type { Isolation } from '../../src/state/index.ts'
import { checkHistory } from '../../src/testing/index.ts'
import { type Bug, PlantedLayers } from './planted.ts'
import { type StateLayer, Workload } from './workload.ts'

const perHistory = 2_500
const historiesMax = 12

/** Faults in the code of `src/state`, each by the text that it replaces. */
const bugs: Record<string, Bug & { readonly isolation?: Isolation }> = {
  'validation skipped': {
    file: 'state/store.ts',
    from: 'if (stale !== undefined) throw',
    to: 'if (stale !== undefined && false) throw',
  },
  'validation by a stamp that is off by one': {
    file: 'state/read-set.ts',
    from: 'rows.lastChange(key) > version',
    to: 'rows.lastChange(key) > version + 1',
  },
  'an absent row not recorded as read': {
    file: 'state/transaction.ts',
    from: 'this.#note(rows as Rows, captured)\n    return rows.get(',
    to: 'if (rows.has(captured, this.#readVersion)) this.#note(rows as Rows, captured)\n    return rows.get(',
  },
  'a row that is there not recorded as read': {
    file: 'state/transaction.ts',
    from: 'this.#note(rows as Rows, captured)\n    return rows.get(',
    to: 'if (!rows.has(captured, this.#readVersion)) this.#note(rows as Rows, captured)\n    return rows.get(',
  },
  'a range not recorded as read': {
    file: 'state/transaction.ts',
    from: 'this.#reads?.addRange(rows as Rows, scan.range, scan.isReverse)',
    to: 'undefined',
  },
  'a range recorded up to its last row only': {
    file: 'state/transaction.ts',
    from: 'read.isOver = true',
    to: 'read.isOver = false',
  },
  'a range that was read from its end recorded from its beginning': {
    file: 'state/read-set.ts',
    from: 'isReverse ? downTo',
    to: '!isReverse ? downTo',
  },
  'install before validation': {
    file: 'state/store.ts',
    from: 'const stale = transaction.conflict()',
    to: 'if (transaction.writes.count > 0) this.#commits.install(transaction.writes, undefined)\n    const stale = transaction.conflict()',
  },
  'a commit that fails half way not taken back': {
    file: 'state/commits.ts',
    from: 'write.rows.unlink(link)',
    to: 'void link',
  },
  'a version dropped while the last one reads it': {
    file: 'state/table-rows.ts',
    from: 'settle(address, pins.newest)',
    to: 'settle(address, pins.newest - 1)',
  },
  'a version dropped with the newest one that reads it': {
    file: 'state/pins.ts',
    from: 'kept.rows.stampAt(kept.address) <= pin.before.version',
    to: 'kept.rows.stampAt(kept.address) > pin.before.version',
  },
  'a start that is not pinned': {
    file: 'state/transaction.ts',
    from: 'this.#isPinned = !runsAlone',
    to: 'this.#isPinned = false',
  },
  'reads not recorded where a function is asynchronous': {
    file: 'state/transaction.ts',
    from: "isolation === 'serializable' && !runsAlone",
    to: "isolation === 'serializable' && runsAlone",
  },
  'reads of the latest version': {
    file: 'state/transaction.ts',
    from: "this.isolation === 'readCommitted' ? this.#versions.version",
    to: "this.isolation !== 'readCommitted' ? this.#versions.version",
  },
  'own changes not read first': {
    file: 'state/transaction.ts',
    from: 'if (own !== undefined) return own.isDeletion ? undefined',
    to: 'if (own !== undefined && false) return own.isDeletion ? undefined',
  },
  'locks that an optimistic commit does not respect': {
    file: 'state/commits.ts',
    from: 'if (this.locks.isHeldByOther(rows, key, owner))',
    to: 'if (owner !== undefined && this.locks.isHeldByOther(rows, key, owner))',
  },
  'locks that are granted to all who ask': {
    file: 'state/key-locks.ts',
    from: 'if (lock.holder === owner) return',
    to: 'if (lock.holder !== undefined) return',
  },
  'changes of rows not compared at snapshot isolation': {
    file: 'state/transaction.ts',
    from: 'rows.lastChange(key) > this.start',
    to: 'rows.lastChange(key) > this.start + 1',
    isolation: 'snapshot',
  },
}

describe('L4 planted bugs', () => {
  const layers = new PlantedLayers()
  after(() => layers.remove())

  it('are looked for without any, and nothing is found', async () => {
    assert.equal(await findAnomaly(await planted('none', undefined), 'serializable', 2), undefined)
  })

  for (const [name, bug] of Object.entries(bugs)) {
    it(`shows ${name}`, async () => {
      const found = await findAnomaly(await planted(name, bug), bug.isolation ?? 'serializable', historiesMax)

      assert.notEqual(found, undefined)
    })
  }

  /** The layer with a bug. */
  async function planted(name: string, bug: Bug | undefined): Promise<StateLayer> {
    return (await import(layers.plant(name, bug))) as StateLayer
  }

  /** What the checker, or an error that nobody expects, tells of it. */
  async function findAnomaly(layer: StateLayer, isolation: Isolation, histories: number): Promise<string | undefined> {
    for (let seed = 1; seed <= histories; seed++) {
      const workload = new Workload(layer, seededRandom(seed), isolation, perHistory)
      try {
        await workload.run()
      } catch (error) {
        return String(error)
      }
      const found = checkHistory(workload.recorder.history).find(
        ({ kind }) => isolation === 'serializable' || kind !== 'G2',
      )
      if (found !== undefined) return found.text
    }
    return undefined
  }
})
