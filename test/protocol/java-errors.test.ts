/** Kafka's own table of errors decides whether ours has each of them, by its name, and whether it passes. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { errorCode, errorName, isRetriable } from '../../src/protocol/index.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { runJava } from './run-java.ts'

interface JavaError {
  readonly code: number
  readonly name: string
  readonly isRetriable: boolean
}

describe("Kafka's table of errors", { skip: skipWithoutJava, timeout: 120_000 }, () => {
  let errors: JavaError[]
  before(async () => {
    const lines = await runJava('ErrorCodes.java', [])
    errors = lines.map((line) => {
      const [code, name, kind] = line.split(' ') as [string, string, string]
      return { code: Number(code), name, isRetriable: kind === 'retriable' }
    })
  })

  it('has the codes of ours, under the same names', () => {
    const names = new Map(errors.map(({ code, name }) => [code, name]))
    // Releases add errors after the last one.
    const codes = Object.values(errorCode).filter((code) => code <= Math.max(...names.keys()))

    assert.deepEqual(
      codes.map((code) => [code, errorName(code)]),
      codes.map((code) => [code, names.get(code)]),
    )
  })

  it('has no code that ours lacks', () => {
    const known = new Set<number>(Object.values(errorCode))

    assert.deepEqual(
      errors.filter(({ code }) => !known.has(code)),
      [],
    )
  })

  it('lets the same errors pass', () => {
    assert.deepEqual(
      errors.filter(({ code, isRetriable: passes }) => passes !== isRetriable(code)),
      [],
    )
  })
})
