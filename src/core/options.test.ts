import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { MillraceError } from './errors.ts'
import { resolveOptions, type OptionTable, type OptionValues } from './options.ts'
import { Secret } from './secret.ts'

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

describe('an optional option', () => {
  const optional = { user: { type: 'string', optional: true, env: 'MILLRACE_USER', doc: 'Who asks.' } } as const

  it('is undefined where it is nowhere given', () => {
    const { user }: { user: string | undefined } = resolveOptions(optional, {})

    assert.equal(user, undefined)
    assert.equal(resolveOptions(optional, { env: { MILLRACE_USER: 'ada' } }).user, 'ada')
  })
})

describe('a secret option', () => {
  const secrets = {
    password: { type: 'secret', env: 'MILLRACE_PASSWORD', flag: '--password-file', doc: 'What ada says.' },
  } as const satisfies OptionTable
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secret-'))
  const file = join(folder, 'password')
  writeFileSync(file, 'from the file\n')
  const emptyFile = join(folder, 'empty')
  writeFileSync(emptyFile, '\n')
  after(() => rmSync(folder, { recursive: true }))

  const ways = [
    ['the program', { given: { password: new Secret('from the program') } }, 'from the program'],
    ['the file that its flag names', { flags: { '--password-file': file } }, 'from the file'],
    ['its variable', { env: { MILLRACE_PASSWORD: 'from the environment' } }, 'from the environment'],
    ['the file that its other variable names', { env: { MILLRACE_PASSWORD_FILE: file } }, 'from the file'],
  ] as const
  for (const [way, sources, text] of ways) {
    it(`comes from ${way}`, () => {
      const { password } = resolveOptions(secrets, sources)

      assert.equal(password.reveal(), text)
    })
  }

  const mistakes = [
    ['a flag that holds it', { flags: { '--password-file': 'pass1word' } }, '--password-file'],
    ['a flag that stands alone', { flags: { '--password-file': true } }, '--password-file'],
    ['a variable that should name a file', { env: { MILLRACE_PASSWORD_FILE: 'pass1word' } }, 'MILLRACE_PASSWORD_FILE'],
    ['an empty variable', { env: { MILLRACE_PASSWORD: '' } }, 'MILLRACE_PASSWORD'],
    ['an empty file', { flags: { '--password-file': emptyFile } }, '--password-file'],
    ['a program that gives no secret', { given: { password: 'pass1word' } }, 'password'],
  ] as const
  for (const [mistake, sources, where] of mistakes) {
    it(`is not repeated when it is missed by ${mistake}`, () => {
      assert.throws(
        () => resolveOptions(secrets, sources as object),
        (error: unknown) => {
          assert.ok(MillraceError.is(error) && error.code === 'CONFIG_INVALID_VALUE')
          assert.ok(error.message.startsWith(`${where} `), error.message)
          assert.doesNotMatch(inspect(error, { showHidden: true, depth: null }), /pass1word/)
          return true
        },
      )
    })
  }

  it('names all ways to give it where it is missing', () => {
    assert.throws(() => resolveOptions(secrets, {}), {
      code: 'CONFIG_MISSING_VALUE',
      message:
        'password has no default and is not given; ' +
        'give password or --password-file or MILLRACE_PASSWORD or MILLRACE_PASSWORD_FILE',
    })
  })
})
