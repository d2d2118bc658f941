import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCall } from './arguments.ts'
import { commands } from './commands/index.ts'
import { helpFor, helpForAll } from './help-text.ts'

const plain = (text: string) => text

function assertFits(text: string): void {
  for (const line of text.split('\n')) assert.ok(line.length <= 80, `${line.length} columns: ${line}`)
}

describe('the help', () => {
  it('fits a terminal of 80 columns, and has all commands', () => {
    const text = helpForAll(commands, plain)

    assertFits(text)
    for (const { name } of commands) assert.match(text, new RegExp(`^  ${name} `, 'm'))
  })

  for (const listed of commands) {
    const { name } = listed
    it(`of ${name} fits, and begins with at most five options and examples that may be typed`, async () => {
      const command = await listed.load()
      const text = helpFor(listed, command, plain)

      assertFits(text)
      assert.ok(Object.keys(command.usual).length <= 5)
      const usual = Object.entries(command.usual).map(([option, value]) => {
        const flag = command.options[option]!.flag!
        return value === true ? [flag] : [flag, String(value)]
      })
      const shown = Array.from(text.matchAll(/^ {2}(--.*)$/gm), ([, flag]) => flag)
      assert.deepEqual(
        shown.slice(0, usual.length),
        usual.map((words) => words.join(' ')),
      )
      const flags = Object.values(command.options).flatMap(({ flag }) => flag ?? [])
      assert.deepEqual(new Set(shown.map((each) => each!.split(' ')[0])), new Set(flags))
      assert.ok(text.includes(`millrace ${name} ${command.example}`))
      parseCall(
        name,
        command,
        command.example.split(' ').filter((word) => word !== ''),
      )
      const required = ['--bootstrap-servers', '--app', '--topic'].filter((flag) => flags.includes(flag))
      const given = required.flatMap((flag) => [flag, 'localhost:9092'])
      parseCall(name, command, [...command.operands.map(() => 'x'), ...given, ...usual.flat()])
    })
  }
})
