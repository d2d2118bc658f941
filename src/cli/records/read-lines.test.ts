import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkAsync } from '../../../test/property.ts'
import { readLines } from './read-lines.ts'

describe('lines of an input', () => {
  it('are those of the whole text, wherever it is cut, in the middle of a character too', async () => {
    const text = fc.array(fc.constantFrom('a', 'ü', '€', '\n', '\r\n')).map((pieces) => pieces.join(''))
    await checkAsync(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 4 }), async (whole, size) => {
        const found: string[] = []
        for await (const lines of readLines(pieces(Buffer.from(whole), size))) found.push(...lines)

        const expected = whole.split(/\r?\n/)
        assert.deepEqual(found, whole === '' || whole.endsWith('\n') ? expected.slice(0, -1) : expected)
      }),
      500,
    )
  })
})

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
