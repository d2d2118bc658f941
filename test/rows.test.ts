import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const project = resolve(import.meta.dirname, '..')

/** The claims, in their order: how many there are by letter. */
const claims = Object.entries({ E: 7, K: 4, B: 21, L: 12, N: 2, S: 2, A: 1, X: 9 })

interface Row {
  readonly id: string
  readonly state: string
  readonly evidence: string
}

const rows: readonly Row[] = readFileSync(join(project, 'docs/rows.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]\d+ /.test(line))
  .map((line) => {
    const [, id, , state, evidence] = line.split('|').map((cell) => cell.trim())
    return { id: id!, state: state!, evidence: evidence! }
  })

describe('The page of claims', () => {
  it('has each claim once, in order', () => {
    const expected = claims.flatMap(([letter, count]) => Array.from({ length: count }, (_, n) => `${letter}${n + 1}`))

    assert.deepEqual(
      rows.map(({ id }) => id),
      expected,
    )
  })

  it('says of each whether it is shown, with evidence for all that are, and what is missing of those that are partly', () => {
    for (const { id, state, evidence } of rows) {
      assert.match(state, /^(shown|partly: .+|not yet)$/, id)
      assert.equal(evidence === '', state === 'not yet', id)
    }
  })

  it('names files that there are, and tests by titles that stand in them', () => {
    for (const { id, evidence } of rows) {
      for (const [, path, rest] of evidence.matchAll(/`([^`]+\.[a-z]+)`([^`]*)/g)) {
        assert.ok(existsSync(join(project, path!)), `${id}: ${path}`)
        const titles = [...rest!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!)
        if (/^(src|test)\/.*\.ts$/.test(path!) && !path!.startsWith('test/clients/'))
          assert.ok(titles.length > 0, `${id}: ${path} without a title`)
        const text = titles.length === 0 ? '' : readFileSync(join(project, path!), 'utf8')
        for (const title of titles) assert.ok(text.includes(title), `${id}: "${title}" in ${path}`)
      }
    }
  })
})
