import assert from 'node:assert/strict'
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
