import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { apis } from './index.ts'

const manual = readFileSync(join(import.meta.dirname, '../../../docs/broker.md'), 'utf8')

describe('the table of APIs', () => {
  it('names each key once', () => {
    assert.equal(new Set(apis.map(({ key }) => key)).size, apis.length)
  })

  it('is the one in docs/broker.md', () => {
    const table = apis
      .toSorted((a, b) => a.key - b.key)
      .map(({ name, key, versions: [first, last] }) => `| ${name} | ${key} | ${first} to ${last} |\n`)
      .join('')

    assert.ok(manual.endsWith(`| --- | --- | --- |\n${table}`), `docs/broker.md has to end with\n${table}`)
  })
})
