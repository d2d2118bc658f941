import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as protocol from '../../protocol/index.ts'
import { apis } from './index.ts'

const manual = readFileSync(join(import.meta.dirname, '../../../docs/protocol.md'), 'utf8')

describe('the table of APIs', () => {
  it('names each key once', () => {
    assert.equal(new Set(apis.map(({ key }) => key)).size, apis.length)
  })

  it('has every API of the protocol', () => {
    const stated = Object.values(protocol).flatMap((each) =>
      typeof each === 'object' && 'response' in each ? [each.name] : [],
    )

    assert.deepEqual(apis.map(({ name }) => name).toSorted(), stated.toSorted())
  })

  it('is the one in docs/protocol.md', () => {
    for (const { name, key, versions } of apis) {
      const range = [...new Set(versions)].join(' to ')

      assert.ok(manual.includes(`\n| ${name} | ${key} | ${range} |`), `docs/protocol.md has to say ${name} ${range}`)
    }
  })
})
