import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { commands } from '../commands/index.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { type Vocabulary, vocabularyOf } from './vocabulary.ts'
import { zshCompletion } from './zsh.ts'

const zshDriver = join(import.meta.dirname, 'fixtures/complete.zsh')
const vocabulary = await vocabularyOf(commands)

/** What a shell says to a script, in lines; nothing of the user's is read. */
function ask(shell: string, script: string): string[] {
  const home = { ...process.env, HOME: '/nonexistent' }
  return execFileSync(shell, ['-c', script], { encoding: 'utf8', env: home })
    .split('\n')
    .filter((line) => line !== '')
}

const skipWithout = (shell: string) => (spawnSync(shell, ['--version']).error ? `there is no ${shell}` : false)

type Completions = readonly (readonly string[])[]

const inBash = (lines: Completions): Completions =>
  lines.map((words) => {
    const typed = words.map((word) => `'${word}'`).join(' ')
    return ask(
      'bash',
      `${bashCompletion(vocabulary)}\nCOMP_WORDS=(millrace ${typed}); COMP_CWORD=${words.length}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`,
    )
  })

const inFish = (lines: Completions): Completions =>
  lines.map((words) =>
    ask('fish', `${fishCompletion(vocabulary)}\ncomplete -C 'millrace ${words.join(' ')}'`).map(
      (line) => line.split('\t')[0]!,
    ),
  )

/** At a terminal, where the last word of a line is what it was completed to, or stays. */
const inZsh = (lines: Completions): Completions => {
  const typed = lines.map((words) => `millrace ${words.join(' ')}`)
  const env = { ...process.env, HOME: '/nonexistent', COMPLETION: zshCompletion(vocabulary) }
  const printed = execFileSync('zsh', ['-f', zshDriver, ...typed], { encoding: 'utf8', env, timeout: 60_000 })
  return printed
    .trimEnd()
    .split('\n')
    .map((line, index) => (line.trim() === typed[index] ? [] : [line.trim().split(' ').at(-1)!]))
}

for (const [shell, complete] of [
  ['bash', inBash],
  ['fish', inFish],
  ['zsh', inZsh],
] as const) {
  describe(`completion in ${shell}`, { skip: skipWithout(shell) }, () => {
    it('knows the commands, the flags of each and no others, and what a flag or an operand may be', () => {
      const completions = [
        [['pla'], ['plan-upgrade']],
        [['help', 'pla'], ['plan-upgrade']],
        [['run', '--until'], ['--until-caught-up']],
        [['audit', '--until'], []],
        [['run', '--on-poison', 's'], ['stop']],
        [['run', '--on-poison', 'w'], ['warn']],
        [['completion', 'z'], ['zsh']],
      ] as const

      const found = complete(completions.map(([words]) => words))

      assert.deepEqual(
        completions.map(([words], index) => [words, found[index]]),
        completions,
      )
    })
  })
}

describe('the script for zsh', { skip: skipWithout('zsh') }, () => {
  it('can be read, and has all that is known', () => {
    const script = zshCompletion(vocabulary)

    execFileSync('zsh', ['-n'], { input: script })
    for (const text of ["'--on-poison[", ':value:(warn stop)', "'1:operand:(bash zsh fish)'", "'*:file:_files'"])
      assert.ok(script.includes(text), text)
  })

  it('quotes whatever its texts have', () => {
    const summary = String.raw`It's [a:b] \c`
    const flag = { flag: '--odd', summary, takesValue: false, choices: [] }
    const odd: Vocabulary = { commands: [{ name: 'odd', summary, flags: [flag], operands: [], takesFile: false }] }

    execFileSync('zsh', ['-n'], { input: zshCompletion(odd) })
    assert.ok(zshCompletion(odd).includes(String.raw`'--odd[It'\''s \[a\:b\] \\c]'`), zshCompletion(odd))
  })
})
