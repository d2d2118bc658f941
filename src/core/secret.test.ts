import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { format, inspect } from 'node:util'
import { KafkaError } from './errors.ts'
import { Secret } from './secret.ts'

const text = 'correct-horse'

describe('Secret', () => {
  const secret = new Secret(text)

  it('tells its text to whoever asks for it by name', () => {
    assert.equal(secret.reveal(), text)
    assert.equal(Secret.of(text).reveal(), text)
    assert.equal(Secret.of(secret), secret)
  })

  it('in a file is what the file says each time it is asked for', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-secret-')), 'token')
    writeFileSync(file, 'first\n')
    const rotated = Secret.inFile(file)
    assert.equal(rotated.reveal(), 'first')

    writeFileSync(file, 'second\r\n')

    assert.equal(rotated.reveal(), 'second')
    assert.equal(Secret.of(rotated).file, file)
    rmSync(dirname(file), { recursive: true })
    assert.throws(() => rotated.reveal(), { code: 'ENOENT' })
    assert.throws(() => Secret.inFile(file), { code: 'ENOENT' })
  })

  const ways: Record<string, (value: Secret) => string> = {
    'String()': String,
    'JSON.stringify': (value) => JSON.stringify({ password: value }),
    'util.inspect': (value) => inspect({ options: [{ password: value }] }, { depth: null, showHidden: true }),
    'util.format': (value) => format('%s %o %j', value, value, value),
    'an error': (value) => inspect(new KafkaError('KAFKA_REFUSED', `with ${String(value)}`, {}, { password: value })),
    'its own properties': (value) => [...Reflect.ownKeys(value), ...Object.values(value)].join(),
    'a structured clone': (value) => inspect(structuredClone(value), { showHidden: true }),
  }
  for (const [way, print] of Object.entries(ways)) {
    it(`is not told by ${way}`, () => {
      assert.doesNotMatch(print(secret), new RegExp(text))
    })
  }

  it('says that something was left out', () => {
    assert.equal(String(secret), '[redacted]')
    assert.equal(JSON.stringify(secret), '"[redacted]"')
    assert.equal(inspect(secret), '[redacted]')
  })
})
