import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { experimentErrors } from '../src/cli/experiment/index.ts'
import { errorCatalogue } from '../src/core/errors.ts'
import { layers } from '../tools/layers.ts'

const project = resolve(import.meta.dirname, '..')
const codeFiles = glob('{bench,examples,src,test,tools}/**/*.ts')
const sourceFiles = codeFiles.filter((path) => path.startsWith('src/'))
const testFiles = codeFiles.filter((path) => path.endsWith('.test.ts') || path.startsWith('test/'))

describe('layers', () => {
  it('are the folders of src, no more and no fewer', () => {
    const folders = readdirSync(join(project, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)

    const named = Object.keys(layers).filter((folder) => !folder.includes('/'))
    assert.deepEqual(named.sort(), folders.sort())
    for (const folder of Object.keys(layers)) assert.ok(existsSync(join(project, 'src', folder)), folder)
  })

  it('point down only: no two import each other, even by way of others', () => {
    const entries = Object.entries<readonly string[]>(layers)
    for (const [place, [folder, allowed]] of entries.entries()) {
      if (folder.includes('/')) continue
      const below = entries.slice(0, place).map(([name]) => name)
      assert.deepEqual(
        allowed.filter((name) => !below.includes(name)),
        [],
        `${folder} may import only what stands above it in the table`,
      )
    }
  })

  it('nest no deeper than the rules of the linter reach', () => {
    assert.deepEqual(
      sourceFiles.filter((path) => path.split('/').length > 5),
      [],
    )
  })
})

describe('source files', () => {
  const seams = [
    {
      title: 'reach time only through core/clock.ts',
      call: /\b(Date\.now|performance\.now|process\.hrtime|setTimeout|setInterval)\b|new Date\(\)/,
      owner: /^src\/core\/clock\./,
    },
    {
      title: 'reach chance only through core/random.ts',
      call: /\b(Math\.random|randomBytes|randomUUID|randomInt)\b/,
      owner: /^src\/core\/random\./,
    },
    {
      title: 'write to the terminal and end the process only in cli',
      call: /\bconsole\.|\bprocess\.(exit|stdout|stderr)\b/,
      owner: /^src\/cli\//,
    },
    {
      title: 'make no code at run time, which content policies forbid',
      call: /\bnew Function\b|\beval\(/,
      owner: /^$/,
    },
  ]
  for (const { title, call, owner } of seams) {
    it(title, () => {
      const offenders = sourceFiles.filter((path) => !owner.test(path)).flatMap((path) => linesWith(path, call))

      assert.deepEqual(offenders, [])
    })
  }

  it('have names in kebab-case that say what is in them', () => {
    const wellNamed = /\/[a-z0-9]+(-[a-z0-9]+)*(\.(property|bench|contract|integration|types))?(\.test)?\.ts$/
    const meaningless = /\/(utils?|helpers?|common|misc|types|.*manager)(\.test)?\.ts$/

    assert.deepEqual(
      codeFiles.filter((path) => !wellNamed.test(path) || meaningless.test(path)),
      [],
    )
  })
})

describe('tests', () => {
  it('are all run', () => {
    assert.deepEqual(
      testFiles.flatMap((path) => linesWith(path, /\b(describe|it|test|suite)\.(only|todo)\(/)),
      [],
    )
  })

  it('are titled with what is, never with what ought to be', () => {
    assert.deepEqual(
      testFiles.flatMap((path) => linesWith(path, /\b(it|test)\((['"`]).*\bshould\b/)),
      [],
    )
  })

  it('wait within a bound for what nothing announces: by test/until.ts', () => {
    // These two stand for programs that stall.
    const stalling = ['test/integration/stalled-program.ts', 'test/membership/member-process.ts']
    const busyWait = /\bwhile \(.*\);$|\bwhile \(.*\) await (new Promise\(setImmediate\)|setImmediate\(\))/

    assert.deepEqual(
      testFiles.filter((path) => !stalling.includes(path)).flatMap((path) => linesWith(path, busyWait)),
      [],
    )
  })
})

describe('tests of integration', () => {
  it('can each be run alone', () => {
    const suites = testFiles.filter((path) => path.endsWith('.integration.ts'))

    assert.deepEqual(
      suites.filter((path) => !read(path).includes('\nif (import.meta.main) ')),
      [],
    )
  })
})

describe('error codes', () => {
  const codes = Object.keys({ ...errorCatalogue, ...experimentErrors })
  const quotedIn = (paths: string[]) =>
    new Set(paths.flatMap((path) => read(path).match(/(?<=['"`])[A-Z]+(_[A-Z]+)+(?=['"`])/g) ?? []))

  it('are each raised by the code', () => {
    const raised = quotedIn(sourceFiles.filter((path) => !testFiles.includes(path)))

    assert.deepEqual(
      codes.filter((code) => !raised.has(code)),
      [],
    )
  })

  it('are each expected by a test', () => {
    const expected = quotedIn(testFiles)

    assert.deepEqual(
      codes.filter((code) => !expected.has(code)),
      [],
    )
  })

  it('are explained in docs/errors.md, they and no others', () => {
    const explained = [...read('docs/errors.md').matchAll(/^## (.+)$/gm)].map(([, code]) => code!)

    assert.deepEqual(explained.sort(), codes.sort())
  })
})

describe('words', () => {
  /** Words of the past, with those of the glossary in CONTRIBUTING.md that took their place. */
  const replaced: Readonly<Record<string, RegExp>> = {
    pending:
      /\b(all|what|(part|offset|row)s?) that waits?\b(?! for)|records that wait or|\b(nothing|none) waits\b(?! for)/,
    'pending, in a name': /\bwaiting-?(row|part|key)s?\b/i,
    current: /\b(epoch|message) at hand\b/,
    'in flight': /\bepochs? (that (is|are) )?under way\b/,
    expired: /\brows?( have left)? that (is|are) over\b/,
    promoted: /\bby[- ]value\b|\bretentionByValue\b/i,
    'promotable or computed part': /\b(kept|made)-?parts?(of|bytes)?\b/i,
    'too far ahead': /\bof a time to come\b/,
  }
  const self = 'test/tidy.test.ts'
  const texts = [...codeFiles, ...glob('{*,docs/**/*}.md')].filter(
    (path) => path !== self && path !== 'CONTRIBUTING.md',
  )

  for (const [word, old] of Object.entries(replaced)) {
    it(`say "${word}", as the glossary does`, () => {
      const lines = texts.flatMap((path) =>
        read(path)
          .split('\n')
          .flatMap((text, index) => (old.test(text) ? `${path}:${index + 1}: ${text.trim()}` : [])),
      )

      assert.deepEqual(lines, [])
    })
  }
})

describe('Markdown', () => {
  it('has lines of at most 120 columns, but for tables and code', () => {
    const long = glob('{*,docs/**/*,findings/**/*}.md').flatMap((path) =>
      read(path)
        .replaceAll(/^ *```.*?^ *```$/gms, (code) => code.replaceAll(/[^\n]/g, ''))
        .split('\n')
        .flatMap((text, index) => (text.length > 120 && !text.startsWith('|') ? [`${path}:${index + 1}`] : [])),
    )

    assert.deepEqual(long, [])
  })
})

describe('findings', () => {
  const scripts = glob('findings/*.sh').map((path) => basename(path, '.sh'))

  it('have a row each in their table', () => {
    const rows = [...read('findings/README.md').matchAll(/^\| `(.+?)\.sh` \|/gm)].map(([, name]) => name!)

    assert.deepEqual(rows.toSorted(), scripts)
  })

  it('are there where the page on compatibility names one', () => {
    const named = [...read('docs/compatibility.md').matchAll(/\[`([^`]+)`\]/g)].map(([, name]) => name!)

    assert.ok(named.length > 0)
    assert.deepEqual(
      named.filter((name) => !scripts.includes(name)),
      [],
    )
  })
})

describe('Markdown links', () => {
  it('lead to files and headings that exist', () => {
    const dead = glob('{*,docs/**/*,examples/**/*}.md').flatMap((path) =>
      [...read(path).matchAll(/\]\((?!\w+:)([^)#\s]*)(#[^)\s]*)?\)/g)]
        .filter(([, file, anchor]) => !leadsSomewhere(file ? join(dirname(path), file) : path, anchor))
        .map(([link]) => `${path}: ${link}`),
    )

    assert.deepEqual(dead, [])
  })

  function leadsSomewhere(path: string, anchor: string | undefined): boolean {
    if (!existsSync(join(project, path))) return false
    if (anchor === undefined) return true
    const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!)
    return headings.some((heading) => `#${slug(heading)}` === anchor)
  }

  /** The anchor that renderers give a heading. */
  function slug(heading: string): string {
    return heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  }
})

function glob(pattern: string): string[] {
  return globSync(pattern, { cwd: project }).sort()
}

function read(path: string): string {
  return readFileSync(join(project, path), 'utf8')
}

/** The lines of a file that match outside of comments, as `path:number: text`. */
function linesWith(path: string, pattern: RegExp): string[] {
  return read(path)
    .split('\n')
    .map((text, index) => ({ text: text.trim(), at: `${path}:${index + 1}` }))
    .filter(({ text }) => pattern.test(text) && !/^(\/\/|\/?\*)/.test(text))
    .map(({ text, at }) => `${at}: ${text}`)
}
