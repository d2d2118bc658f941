import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'

const project = resolve(import.meta.dirname, '../..')
const { dependencies, exports }: { dependencies: object; exports: object } = JSON.parse(
  readFileSync(join(project, 'package.json'), 'utf8'),
)
const subpaths = Object.keys(exports).map((subpath) => join('millrace', subpath))

// A program that has installed the packed package, with the dependencies that this checkout already has.
describe('the packed package', () => {
  const program = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  const installed = join(program, 'node_modules/millrace')
  let packedFiles: string[]

  before(() => {
    run('node', ['--run', 'build'], project)
    const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', program], project)
    const [{ filename, files }] = JSON.parse(packed)
    packedFiles = files.map(({ path }: { path: string }) => path)
    mkdirSync(installed, { recursive: true })
    run('tar', ['-xzf', join(program, filename), '-C', installed, '--strip-components', '1'], program)
    for (const name of Object.keys(dependencies)) {
      mkdirSync(dirname(join(program, 'node_modules', name)), { recursive: true })
      symlinkSync(join(project, 'node_modules', name), join(program, 'node_modules', name))
    }
  })
  after(() => rmSync(program, { recursive: true }))

  it('exports these names from each of its front doors', (t) => {
    const names = Object.fromEntries(
      subpaths.map((subpath) => [subpath, evaluate(`Object.keys(await import('${subpath}')).sort()`)]),
    )

    t.assert.snapshot(names)
  })

  it('lets nobody in by another way', () => {
    for (const path of ['millrace/kernel', 'millrace/dist/kernel/index.js', 'millrace/src/core/errors.ts']) {
      assert.equal(evaluate(`await import('${path}').catch(({ code }) => code)`), 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    }
  })

  it('has types that a strict program compiles against', () => {
    const imports = subpaths.map((subpath, i) => `import * as door${i} from '${subpath}'\nvoid door${i}\n`)
    writeFileSync(join(program, 'program.mts'), imports.join(''))
    symlinkSync(join(project, 'node_modules/@types'), join(program, 'node_modules/@types'))

    const options = '--noEmit --strict --module nodenext --target es2024 --lib es2024,esnext.disposable --types node'
    assert.equal(run('tsc', [...options.split(' '), '--skipLibCheck', 'program.mts'], program), '')
  })

  it('has a command that runs', () => {
    const help = run('node', [join(installed, 'dist/cli/main.js'), '--help'], program)

    assert.match(help, /millrace/)
  })

  it('carries its licence and sources, but no tests', () => {
    for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md', 'src/core/errors.ts'])
      assert.ok(packedFiles.includes(path), path)
    assert.deepEqual(
      packedFiles.filter((path) => /\.test\.|^(test|tools|bench)\//.test(path)),
      [],
    )
  })

  /** The value of an expression in a module of the program. */
  function evaluate(expression: string): unknown {
    const code = `process.stdout.write(JSON.stringify(${expression}))`
    return JSON.parse(run('node', ['--input-type=module', '--eval', code], program))
  }
})

function run(command: string, args: string[], cwd: string): string {
  const path = `${join(project, 'node_modules/.bin')}:${process.env['PATH']}`
  return execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH: path }, stdio: 'pipe' })
}
