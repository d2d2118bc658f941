import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarefulMode } from './careful-mode.ts'
import type { Attempt, Piece } from './attempt.ts'

const epoch = 5
const row: Piece = { partition: 0, from: 7, to: 8, rowCount: 1 }

describe('careful mode', () => {
  it('begins when more processes have died at one epoch than are taken for chance', async () => {
    const notes = new Notes()

    const starts = [
      await notes.start(epoch),
      await notes.start(epoch),
      await notes.start(epoch),
      await notes.start(epoch),
    ]

    assert.deepEqual(
      starts.map(({ isOn }) => isOn),
      [false, false, false, true],
    )
  })

  it('does not begin where epochs commit between the deaths', async () => {
    const notes = new Notes()

    for (let at = 0; at < 10; at++) assert.equal((await notes.start(at)).isOn, false)
  })

  it('does not count ends in good order', async () => {
    const notes = new Notes()

    for (let start = 0; start < 10; start++) {
      const mode = await notes.start(epoch)
      assert.equal(mode.isOn, false)
      await mode.end(epoch)
    }
  })

  it('has nothing to take back once an epoch has committed', async () => {
    const notes = new Notes()
    const mode = await notes.start(epoch)

    await mode.end(epoch + 1)

    assert.equal(notes.count, 1)
  })

  it('cuts the piece on which a process died, down to a row, and convicts that when it kills again', async () => {
    const notes = new Notes()
    const sizes: number[] = []
    let mode = await notes.startCarefully()
    for (let size = mode.rowsMax; !mode.isConvicted(row); size = mode.rowsMax) {
      sizes.push(size)
      await mode.enter(size === 1 ? row : { partition: 0, from: 0, to: size, rowCount: size }, epoch)
      mode = await notes.start(epoch)
    }

    assert.deepEqual(sizes, [2_048, 128, 8, 1, 1])
  })

  it('does not hold against a row what ended in good order, or died elsewhere', async () => {
    const notes = new Notes()
    const mode = await notes.startCarefully()
    await mode.enter(row, epoch)
    await (await notes.start(epoch)).end(epoch)
    const again = await notes.start(epoch)
    await again.enter(row, epoch)
    await again.end(epoch)
    const last = await notes.start(epoch)

    assert.equal(last.isConvicted(row), false)
    assert.deepEqual(last.suspect && { ...last.suspect }, { ...row, deaths: 1, isUnderWay: false })
  })

  it('forgets the suspect when the whole of it has committed', async () => {
    const notes = new Notes()
    const suspect = { partition: 1, from: 0, to: 32, rowCount: 32 }
    await (await notes.startCarefully()).enter(suspect, epoch)
    const mode = await notes.start(epoch)

    mode.leave({ partition: 0, from: 90, to: 99, rowCount: 9 })
    mode.leave({ partition: 1, from: 0, to: 31, rowCount: 31 })
    assert.equal(mode.suspect?.to, 32)
    mode.leave({ partition: 1, from: 31, to: 32, rowCount: 1 })

    assert.equal(mode.suspect, undefined)
    assert.equal(mode.rowsMax, 2_048)
  })

  it('ends after 100,000 rows on which nobody died', async () => {
    const mode = await new Notes().startCarefully()
    const piece = { partition: 0, from: 0, to: 1_000, rowCount: 1_000 }

    for (let pieces = 0; pieces < 99; pieces++) mode.leave(piece)
    assert.equal(mode.isOn, true)
    mode.leave(piece)

    assert.equal(mode.isOn, false)
  })
})

/** Where the processes of a test leave their notes. */
class Notes {
  count = 0
  #last: Attempt | undefined

  start(at: number): Promise<CarefulMode> {
    const note = async (attempt: Attempt) => {
      this.count++
      this.#last = attempt
    }
    return CarefulMode.begin({ last: this.#last, epoch: at, attemptsMax: 3, note })
  }

  async startCarefully(): Promise<CarefulMode> {
    for (let deaths = 0; deaths < 3; deaths++) await this.start(epoch)
    return this.start(epoch)
  }
}
