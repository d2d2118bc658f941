import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

/** Much less than the timer of the tests below would keep their process. */
const patienceMs = 60_000

describe('a test that fails before it has closed what it opened', () => {
  it('keeps its file from ending no longer than it takes to close it, the suite last, whatever else fails to close', () => {
    const output = outputOf(`
      describe('a suite', () => {
        const stack = suiteStack()
        before(() => {
          stack.defer(() => console.log('closed: broker'))
          stack.defer(() => { throw new Error('no') })
        })
        it('fails', () => {
          const timer = setInterval(() => {}, 1e6)
          closeAtEnd(async () => { clearInterval(timer); console.log('closed: program') })
          closeAtEnd(() => { throw new Error('no') })
          closeAtEnd(() => console.log('closed: never'))()
          throw new Error('before it is closed')
        })
      })`)

    assert.deepEqual(output.match(/closed: \w+/g), ['closed: program', 'closed: broker'])
  })

  it('has it closed at the end of the file where there is no suite', () => {
    const output = outputOf(`
      it('fails', () => {
        const timer = setInterval(() => {}, 1e6)
        closeAtEnd(() => { clearInterval(timer); console.log('closed: program') })
        throw new Error('before it is closed')
      })`)

    assert.deepEqual(output.match(/closed: \w+/g), ['closed: program'])
  })

  /** What a file with these tests prints until it ends, which it must by itself. */
  function outputOf(tests: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-at-end-'))
    const file = join(folder, 'failing.test.ts')
    const helper = join(import.meta.dirname, 'at-end.ts')
    writeFileSync(
      file,
      `import { before, describe, it } from 'node:test'
       import { closeAtEnd, suiteStack } from ${JSON.stringify(helper)}
       ${tests}`,
    )
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { stdout, signal } = spawnSync(process.execPath, ['--test', file], {
      encoding: 'utf8',
      env,
      timeout: patienceMs,
    })
    rmSync(folder, { recursive: true })
    assert.equal(signal, null, stdout)
    return stdout
  }
})
