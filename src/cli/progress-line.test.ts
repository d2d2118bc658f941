import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProgressLine } from './progress-line.ts'

describe('ProgressLine', () => {
  function screen(isTTY: boolean) {
    const written: string[] = []
    return { written, line: new ProgressLine({ isTTY, write: (text: string) => written.push(text) }) }
  }

  it('is one line on a terminal, drawn again only where it says something new, however long that is', () => {
    const { written, line } = screen(true)

    for (const done of [50, 50, 100, 100, 100, 120, 120]) line.show('correlating', done, 100)

    assert.equal(written.length, 3, written.join('|'))
    assert.ok(written.every((text) => text.startsWith('\r') && !text.includes('\n')))
    assert.match(written[1]!, / 100 %  100 *$/)
    assert.match(written[2]!, / 100 %  120 *$/)
  })

  it('makes room for another line, and comes again below it', () => {
    const { written, line } = screen(true)
    line.show('correlating', 1, 2)
    const { length } = written[0]!

    line.clear()
    line.clear()
    line.show('correlating', 1, 2)
    line.finish()
    line.finish()

    assert.deepEqual(written.slice(1), [`\r${' '.repeat(length - 1)}\r`, written[0], '\n'])
  })

  it('covers a longer line that was there', () => {
    const { written, line } = screen(true)

    line.show('correlating', 1_000, 2_000)
    line.show('correlating', 1, 2_000)

    assert.equal(written[1]!.length, written[0]!.length)
  })

  it('is cut to the width of the terminal, so that it stays one line', () => {
    const written: string[] = []
    const line = new ProgressLine({ isTTY: true, columns: 10, write: (text: string) => written.push(text) })

    line.draw('active  120,000 records/s')

    assert.deepEqual(written, ['\ractive  1'])
  })

  it('is a line of its own elsewhere, only where it says something new', () => {
    const { written, line } = screen(false)

    for (const [done, total] of [
      [0, 0],
      [50, 200],
      [50, 200],
      [200, 200],
      [200, 200],
      [250, 200],
    ] as const) {
      line.show('correlating', done, total)
    }
    line.clear()
    line.finish()

    const lines = ['100 %  0 of 0', ' 25 %  50 of 200', '100 %  200 of 200', '250']
    assert.deepEqual(
      written,
      lines.map((text) => `correlating ${text}\n`),
    )
  })
})
