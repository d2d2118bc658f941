import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { project } from '../package/packed-package.ts'

/** What a reader of the tutorial does. */
export type Step = File | Command

interface File {
  readonly kind: 'file'
  readonly name: string
  readonly text: string
}

export interface Command {
  readonly kind: 'command'
  readonly words: string
  /** What the page shows that it prints; `…` where that is left out. */
  readonly shown: string
  /** Whether it runs on in a terminal of its own. */
  readonly runsOn: boolean
}

const runsOnMark = /\s*# leave it running$/
const leftOut = '…\n'

/** All that the blocks of code of docs/tutorial.md have one do, in their order. */
export function readTutorial(): readonly Step[] {
  const page = readFileSync(join(project, 'docs/tutorial.md'), 'utf8')
  const blocks = [...page.matchAll(/^```(?<language>\w*)\n(?<text>.*?)^```$/gms)]
  return blocks.flatMap(({ groups }) => stepsOf(groups!['language']!, groups!['text']!))
}

function stepsOf(language: string, text: string): readonly Step[] {
  switch (language) {
    case 'ts': {
      const [line, name] = /^\/\/ ([\w.-]+)\n/.exec(text) ?? []
      if (line === undefined) throw new Error(`a file of the tutorial has no name:\n${text}`)
      return [{ kind: 'file', name: name!, text: text.slice(line.length) }]
    }
    case 'sh':
      return text.split('\n').flatMap((line) => (line === '' ? [] : [commandOf(line, leftOut)]))
    case 'console':
      return [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, line, shown]) => commandOf(line!, shown!))
    default:
      throw new Error(`no test runs a block of the tutorial in "${language}"`)
  }
}

function commandOf(line: string, shown: string): Command {
  return { kind: 'command', words: line.replace(runsOnMark, ''), shown, runsOn: runsOnMark.test(line) }
}
