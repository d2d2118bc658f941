import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { commands } from '../commands/index.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { type Vocabulary, vocabularyOf } from './vocabulary.ts'
import { zshCompletion } from './zsh.ts'

const vocabulary = await vocabularyOf(commands)

/** What a shell says to a script, in lines; nothing of the user's is read. */
function ask(shell: string, script: string): string[] {
  const home = { ...process.env, HOME: '/nonexistent' }
  return execFileSync(shell, ['-c', script], { encoding: 'utf8', env: home })
    .split('\n')
    .filter((line) => line !== '')
}

const skipWithout = (shell: string) => (spawnSync(shell, ['--version']).error ? `there is no ${shell}` : false)

const inBash = (...words: string[]) => {
  const typed = words.map((word) => `'${word}'`).join(' ')
  return ask(
    'bash',
    `${bashCompletion(vocabulary)}\nCOMP_WORDS=(millrace ${typed}); COMP_CWORD=${words.length}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
}

const inFish = (...words: string[]) =>
  ask('fish', `${fishCompletion(vocabulary)}\ncomplete -C 'millrace ${words.join(' ')}'`).map(
    (line) => line.split('\t')[0]!,
  )

for (const [shell, complete] of [
  ['bash', inBash],
  ['fish', inFish],
] as const) {
  describe(`completion in ${shell}`, { skip: skipWithout(shell) }, () => {
    it('knows the commands', () => {
      assert.deepEqual(complete('pla'), ['plan-upgrade'])
      assert.deepEqual(complete('help', 'pla'), ['plan-upgrade'])
    })

    it('knows the flags of each command, and no others', () => {
      assert.deepEqual(complete('run', '--until'), ['--until-caught-up'])
      assert.deepEqual(complete('audit', '--until'), [])
    })

    it('knows what a flag or an operand may be', () => {
      assert.deepEqual(new Set(complete('run', '--on-poison', '')), new Set(['warn', 'stop']))
      assert.deepEqual(complete('completion', 'z'), ['zsh'])
    })
  })
}

describe('completion in zsh', { skip: skipWithout('zsh') }, () => {
  it('is a script that zsh can read, of all that is known', () => {
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
