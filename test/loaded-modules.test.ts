import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const source = join(import.meta.dirname, '../src')

describe('what serves a program, and what sends its spans', () => {
  it('load no second client of HTTP, which nothing uses', () => {
    const loaded = builtinsLoadedBy('http/index.ts', 'streams/tracing/otlp/otlp-tracing.ts')

    assert.deepEqual(
      loaded.filter((name) => /_http_client$|undici/.test(name)),
      ['NativeModule _http_client'],
    )
  })
})

describe('what runs a program', () => {
  it('loads no TLS, which only a connection by TLS uses', () => {
    const loaded = builtinsLoadedBy('streams/index.ts')

    assert.deepEqual(
      loaded.filter((name) => /^NativeModule (net|tls)$/.test(name)),
      ['NativeModule net'],
    )
  })
})

/** What a process has loaded of Node.js itself, once it has imported these modules of `src`. */
function builtinsLoadedBy(...modules: readonly string[]): string[] {
  const program = `await Promise.all(process.argv.slice(1).map((file) => import(file)))
    console.log(JSON.stringify(process.moduleLoadList))`
  const files = modules.map((module) => join(source, module))
  const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', program, ...files], {
    encoding: 'utf8',
  })
  return JSON.parse(loaded) as string[]
}
