import assert from 'node:assert/strict'
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import type { OptionTable } from '../../src/core/options.ts'
import { appOptions, readingOptions, relayoutOptions, runOptions } from '../../src/streams/index.ts'
import { suiteStack } from '../at-end.ts'
import { InstalledPackage } from './installed-package.ts'
import { LanguageServer } from './language-server.ts'
import { project, run } from './packed-package.ts'

const { exports }: { exports: Record<string, { types: { default: string } }> } = JSON.parse(
  readFileSync(join(project, 'package.json'), 'utf8'),
)
const subpaths = Object.keys(exports).map((subpath) => join('millrace', subpath))

describe('the packed package', () => {
  let installed: string
  let program: string
  let packedFiles: readonly string[]
  let server: LanguageServer

  const stack = suiteStack()
  before(async () => {
    const home = stack.use(new InstalledPackage())
    ;({ path: program, installed, files: packedFiles } = home)
    server = stack.use(await LanguageServer.start(tsc, program))
  })

  it('exports these names from each of its front doors, each of which editors explain', async (t) => {
    const doors = Object.fromEntries(subpaths.map((subpath) => [subpath, namesOf(subpath)]))
    const path = join(program, 'names.mts')
    const uses = Object.entries(doors).flatMap(([subpath, names]) =>
      names.map((name) => ({ subpath, name, line: `import type { ${name} } from '${subpath}'` })),
    )
    writeFileSync(path, uses.map(({ line }) => line).join('\n'))

    const shown: Record<string, Record<string, string>> = {}
    server.open(path)
    for (const [line, { subpath, name }] of uses.entries()) {
      const { text } = await server.hover(path, line, 'import type { '.length)
      assert.notEqual(text, '', `${subpath} ${name} is not explained`)
      ;(shown[subpath] ??= {})[name] = firstSentence(text)
    }

    t.assert.snapshot(shown)
    for (const [subpath, names] of Object.entries(doors)) {
      const values = evaluate(`Object.keys(await import('${subpath}'))`) as string[]
      assert.deepEqual(
        values.filter((name) => !names.includes(name)),
        [],
        subpath,
      )
    }
  })

  const tables: Record<string, OptionTable> = {
    StartOptions: runOptions,
    AuditOptions: readingOptions,
    ExplainOptions: readingOptions,
    ResetOptions: appOptions,
    RelayoutOptions: relayoutOptions,
    'StageOptions<unknown, unknown>': {},
    'CorrelateOptions<string>': {},
    RememberCompleted: {},
    TopicOptions: {},
    TlsOptions: {},
    PasswordSasl: {},
    TokenSasl: {},
  }
  for (const [type, table] of Object.entries(tables)) {
    it(`explains every option of ${type}, those of a table as the table does`, async () => {
      const names = await optionsOf(type)

      for (const name of Object.keys(table)) assert.ok(name in names, `${name} is missing`)
      assert.notDeepEqual(names, {})
      for (const [name, text] of Object.entries(names)) {
        const { doc = '', default: standard = '', env = '' } = table[name] ?? {}
        assert.notEqual(text, '', `${name} is not explained`)
        for (const fact of [doc, String(standard), env]) assert.ok(text.includes(fact), `${name}: ${text}`)
      }
    })
  }

  it('lets nobody in by another way', () => {
    for (const path of ['millrace/kernel', 'millrace/dist/kernel/index.js', 'millrace/src/core/errors.ts']) {
      assert.equal(evaluate(`await import('${path}').catch(({ code }) => code)`), 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    }
  })

  it('has types that a strict program compiles against', () => {
    cpSync(join(import.meta.dirname, 'fixtures/program.mts'), join(program, 'program.mts'))

    const options = '--noEmit --strict --exactOptionalPropertyTypes --module nodenext --target es2024 --types node'
    assert.equal(run('tsc', [...options.split(' '), 'program.mts'], program), '')
  })

  it('has errors that a program recognizes by their class and code', () => {
    cpSync(join(import.meta.dirname, 'fixtures/program.mts'), join(program, 'program.mts'))

    assert.equal(
      run('node', ['program.mts'], program),
      'CONFIG_INVALID_VALUE TOPOLOGY_INVALID ACTOR_SPEC_INVALID BROKER_TOPIC_REFUSED\n',
    )
  })

  it('has a command that runs', () => {
    const help = run('node', [join(installed, 'dist/cli/main.js'), '--help'], program)

    assert.match(help, /millrace/)
  })

  it('has a command that shows its help in three times the time of an empty program', () => {
    const msOf = (...args: string[]) => {
      const startMs = systemClock.monotonicMs()
      run('node', args, program)
      return systemClock.monotonicMs() - startMs
    }
    let [helpMs, emptyMs] = [Infinity, Infinity]
    // In turns, and the fastest of each: other programs on the machine only add to a time.
    for (let round = 0; round < 15; round++) {
      helpMs = Math.min(helpMs, msOf(join(installed, 'dist/cli/main.js'), '--help'))
      emptyMs = Math.min(emptyMs, msOf('--eval', '0'))
    }

    assert.ok(helpMs <= 3 * emptyMs, `${helpMs} ms for the help, ${emptyMs} ms for an empty program`)
  })

  it('makes no code from strings, which locked-down runtimes forbid', () => {
    const importAll = subpaths.map((subpath) => `await import('${subpath}')`).join('\n')
    const strict = '--disallow-code-generation-from-strings'

    run('node', [strict, '--input-type=module', '--eval', importAll], program)
    run('node', [strict, join(installed, 'dist/cli/main.js'), 'demo', '--customers', '1000'], program)
  })

  it('carries the modules that threads begin with', () => {
    const sources = globSync('src/**/*.ts', { cwd: project, exclude: ['**/*.test.ts'] })
    const begun = sources.flatMap((path) => {
      return [...readFileSync(join(project, path), 'utf8').matchAll(/moduleUrl\('([^']+)'\)/g)]
    })
    const modules = begun.map(([, module]) => `dist/${module}.js`)

    assert.ok(modules.length > 0)
    assert.deepEqual(
      modules.filter((module) => !packedFiles.includes(module)),
      [],
    )
    run('node', [join(installed, 'dist/cli/main.js'), 'demo', '--customers', '1000', '--workers', '2'], program)
  })

  it('carries its licence and sources, but no tests', () => {
    for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md', 'src/core/errors.ts', 'dist/http/page/main.js'])
      assert.ok(packedFiles.includes(path), path)
    assert.deepEqual(
      packedFiles.filter((path) => /\.test\.|^(test|tools|bench)\//.test(path)),
      [],
    )
  })

  it('has pages whose links lead to what it carries', () => {
    const pages = packedFiles.filter((path) => /^(README|docs\/.+)\.md$/.test(path))
    const dead = pages.flatMap((page) =>
      [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\((?!\w+:)([^)#\s]+)/g)]
        .map(([, link]) => link!)
        .filter((link) => !carries(join(page, '..', link)))
        .map((link) => `${page}: ${link}`),
    )

    assert.ok(pages.length > 10)
    assert.deepEqual(dead, [])

    function carries(path: string): boolean {
      return packedFiles.some((file) => file === path || file.startsWith(`${path}/`))
    }
  })

  /** The options of a type of the first door, and what editors show of each. */
  async function optionsOf(type: string): Promise<Record<string, string>> {
    const place = type.replaceAll(/\W/g, '')
    const [given, used] = [join(program, `${place}-given.mts`), join(program, `${place}-used.mts`)]
    const head = `import type * as door from 'millrace'`
    const object = `export const options: door.${type} = { `
    writeFileSync(given, `${head}\n${object} }\n`)
    server.open(given)
    const names = await server.completions(given, 1, object.length)
    const uses = names.map((name) => `void options.${name}`)
    writeFileSync(used, [head, `declare const options: door.${type}`, ...uses].join('\n'))
    server.open(used)
    const texts = names.map((_, index) => server.hover(used, 2 + index, 'void options.'.length))
    return Object.fromEntries((await Promise.all(texts)).map(({ text }, index) => [names[index]!, text]))
  }

  /** What a front door exports, types included: its declaration is nothing but lists of names. */
  function namesOf(subpath: string): string[] {
    const { types } = exports[subpath === 'millrace' ? '.' : `./${subpath.slice('millrace/'.length)}`]!
    const lists = [...readFileSync(join(installed, types.default), 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)]
    const names = lists.flatMap(([, list]) => list!.split(',').map((name) => name.replace(/^\s*(type )?/, '').trim()))
    return names.filter((name) => name !== '').sort()
  }

  /** The value of an expression in a module of the program. */
  function evaluate(expression: string): unknown {
    const code = `process.stdout.write(JSON.stringify(${expression}))`
    return JSON.parse(run('node', ['--input-type=module', '--eval', code], program))
  }
})

const tsc = join(project, 'node_modules/.bin/tsc')

function firstSentence(text: string): string {
  return /^.*?[.](?= |$)/.exec(text)?.[0] ?? text
}
