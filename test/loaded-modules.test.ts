import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const source = join(import.meta.dirname, '../src')

describe('what serves a program, and what sends its spans', () => {
  it('load no second client of HTTP, which nothing uses', () => {
    const files = ['http/index.ts', 'streams/tracing/otlp/otlp-tracing.ts'].map((file) => join(source, file))
    const program = `await Promise.all(process.argv.slice(1).map((file) => import(file)))
      console.log(process.moduleLoadList.filter((name) => /_http_client$|undici/.test(name)).join())`
    const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', program, ...files], {
      encoding: 'utf8',
    })

    assert.equal(loaded.trim(), 'NativeModule _http_client')
  })
})
