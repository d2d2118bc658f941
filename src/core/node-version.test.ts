import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checkNodeVersion } from './node-version.ts'

describe('checkNodeVersion', () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const oldest = engines.node.replace('>=', '')

  for (const version of ['18.19.1', '20.20.2', '22.21.0', '24.5.9'])
    it(`refuses ${version}, and says which version is needed`, () => {
      assert.throws(
        () => checkNodeVersion(version),
        ({ code, message }: { code: string; message: string }) =>
          code === 'NODE_UNSUPPORTED' && message.includes(`${oldest} or newer, and this is ${version}`),
      )
    })

  for (const version of [oldest, '24.6.1', '24.10.0', '26.0.0', '25.0.0-nightly2025'])
    it(`takes ${version}`, () => {
      checkNodeVersion(version)
    })
})
