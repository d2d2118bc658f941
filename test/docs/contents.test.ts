import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const docs = resolve(import.meta.dirname, '../../docs')

describe('docs/README.md', () => {
  it('lists each page of docs/ once, which is what the site shows at its side', () => {
    const contents = readFileSync(join(docs, 'README.md'), 'utf8')
    const listed = [...contents.matchAll(/^- \[.+?\]\((.+?)\)/gm)].map(([, page]) => page!)
    const pages = globSync('**/*.md', { cwd: docs }).filter((page) => page !== 'README.md')

    assert.deepEqual(listed.toSorted(), pages.toSorted())
  })
})
