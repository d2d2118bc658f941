import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveOptions, type OptionTable, type OptionValues } from './options.ts'

const table = {
  drainMs: {
    type: 'int',
    default: 30_000,
    min: 0,
    max: 60_000,
    env: 'MILLRACE_DRAIN_MS',
    flag: '--drain-ms',
    doc: 'Time given to in-flight records on stop, in milliseconds.',
  },
  loadFactor: { type: 'number', default: 0.5, doc: 'How full a table may be.' },
  bootstrapServers: { type: 'string', env: 'MILLRACE_BOOTSTRAP_SERVERS', doc: 'Brokers to begin with.' },
  atLimit: { type: 'string', default: 'stop', choices: ['stop', 'promote'], flag: '--at-limit', doc: 'What then.' },
  keep: { type: 'boolean', default: false, env: 'MILLRACE_KEEP', flag: '--keep', doc: 'Whether topics stay.' },
} as const satisfies OptionTable

const given = { bootstrapServers: 'localhost:9092' }

describe('resolveOptions', () => {
  it('fills in the defaults, typed', () => {
    const values: OptionValues<typeof table> = resolveOptions(table, { given })
    const atLimit: 'stop' | 'promote' = values.atLimit

    assert.equal(atLimit, 'stop')
    assert.deepEqual(values, {
      drainMs: 30_000,
      loadFactor: 0.5,
      bootstrapServers: 'localhost:9092',
      atLimit: 'stop',
      keep: false,
    })
  })

  it('prefers what is given to a flag, a flag to the environment, and that to the default', () => {
    const env = { MILLRACE_DRAIN_MS: '3' }
    const flags = { '--drain-ms': '2' }

    assert.equal(resolveOptions(table, { given: { ...given, drainMs: 1 }, flags, env }).drainMs, 1)
    assert.equal(resolveOptions(table, { given, flags, env }).drainMs, 2)
    assert.equal(resolveOptions(table, { given, env }).drainMs, 3)
  })

  it('keeps a given zero or false, and takes undefined as not given', () => {
    const values = resolveOptions(
      { ...table, keep: { ...table.keep, default: true } },
      { given: { ...given, drainMs: 0, keep: false, loadFactor: undefined } },
    )

    assert.deepEqual([values.drainMs, values.keep, values.loadFactor], [0, false, 0.5])
  })

  it('reads booleans from flags that stand alone and from text', () => {
    assert.equal(resolveOptions(table, { given, flags: { '--keep': true } }).keep, true)
    assert.equal(resolveOptions(table, { given, env: { MILLRACE_KEEP: 'true' } }).keep, true)
    assert.equal(
      resolveOptions(table, { given, flags: { '--keep': 'false' }, env: { MILLRACE_KEEP: 'true' } }).keep,
      false,
    )
  })

  it('names an unknown option and the one that was meant', () => {
    const misspelt: object = { ...given, drainMS: 5 }

    assert.throws(() => resolveOptions(table, { given: misspelt }), {
      name: 'ConfigError',
      code: 'CONFIG_UNKNOWN_OPTION',
      message: 'drainMS is not an option; did you mean drainMs?',
    })
  })

  it('names an unknown flag and the one that was meant', () => {
    assert.throws(() => resolveOptions(table, { given, flags: { '--drain': '5000' } }), {
      code: 'CONFIG_UNKNOWN_OPTION',
      message: '--drain is not a flag; did you mean --drain-ms?',
    })
  })

  it('lists what there is where nothing similar exists', () => {
    assert.throws(() => resolveOptions(table, { given, flags: { '--verbose': true } }), {
      message: '--verbose is not a flag; there are --drain-ms, --at-limit, --keep',
    })
  })

  it('takes no property of every object for an option', () => {
    const polluted: object = { ...given, ['__proto__']: 1, constructor: 1 }

    assert.throws(() => resolveOptions(table, { given: polluted }), { code: 'CONFIG_UNKNOWN_OPTION' })
    assert.equal(resolveOptions({ toString: { type: 'int', default: 1, doc: '' } }, {}).toString, 1)
  })

  it('names a missing option and the ways to give it', () => {
    assert.throws(() => resolveOptions(table, {}), {
      code: 'CONFIG_MISSING_VALUE',
      message: 'bootstrapServers has no default and is not given; give bootstrapServers or MILLRACE_BOOTSTRAP_SERVERS',
    })
  })

  const invalid = [
    [{ given: { ...given, drainMs: 1.5 } }, 'drainMs is 1.5, but must be a whole number from 0 to 60000'],
    [{ given: { ...given, drainMs: -1 } }, 'drainMs is -1, but must be a whole number from 0 to 60000'],
    [{ given: { ...given, drainMs: 60_001 } }, 'drainMs is 60001, but must be a whole number from 0 to 60000'],
    [{ given: { ...given, drainMs: '5' } }, "drainMs is '5', but must be a whole number from 0 to 60000"],
    [{ given: { ...given, loadFactor: Number.NaN } }, 'loadFactor is NaN, but must be a number'],
    [{ given, flags: { '--drain-ms': 'soon' } }, "--drain-ms is 'soon', but must be a whole number from 0 to 60000"],
    [{ given, flags: { '--drain-ms': ' ' } }, "--drain-ms is ' ', but must be a whole number from 0 to 60000"],
    [{ given, flags: { '--drain-ms': true } }, '--drain-ms is true, but must be a whole number from 0 to 60000'],
    [{ given, flags: { '--at-limit': 'go' } }, "--at-limit is 'go', but must be one of stop, promote"],
    [{ given, env: { MILLRACE_KEEP: 'yes' } }, "MILLRACE_KEEP is 'yes', but must be true or false"],
    [{ env: { MILLRACE_BOOTSTRAP_SERVERS: '' } }, "MILLRACE_BOOTSTRAP_SERVERS is '', but must be a text"],
  ] as const
  for (const [sources, message] of invalid) {
    it(`says where and what: ${message}`, () => {
      assert.throws(() => resolveOptions(table, sources as object), { code: 'CONFIG_INVALID_VALUE', message })
    })
  }
})
