#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { codeRoot } from '../core/code-root.ts'
import { ConfigError } from '../core/errors.ts'
import { keepCompiled } from '../core/keep-compiled.ts'
import { checkNodeVersion } from '../core/node-version.ts'
import { findCommand, parseCall } from './arguments.ts'
import { exitCodes } from './command.ts'
import { commands } from './commands/index.ts'
import { endProcess } from './end-process.ts'
import { helpFor, helpForAll } from './help-text.ts'
import { Output } from './output.ts'
import { interruptSignal } from './signals.ts'
import { styled } from './styles.ts'

keepCompiled(import.meta.url)
await endProcess(await main(process.argv.slice(2)))

async function main(args: string[]): Promise<number> {
  // `help run` is what hands type that know other commands.
  const [name, ...words] = args[0] === 'help' && args.length > 1 ? [args[1]!, '--help'] : args
  const output = new Output(words.includes('--json'))
  try {
    checkNodeVersion()
    if (name === undefined || name === 'help' || asksForHelp([name])) {
      process.stdout.write(`${helpForAll(commands, heading)}\n`)
      return name === undefined ? exitCodes.usage : exitCodes.done
    }
    if (name === '--version' || name === '-v') {
      process.stdout.write(`${versionOfPackage()}\n`)
      return exitCodes.done
    }
    const listed = findCommand(commands, name)
    const command = await listed.load()
    if (asksForHelp(words)) {
      process.stdout.write(`${helpFor(listed, command, heading)}\n`)
      return exitCodes.done
    }
    const call = parseCall(name, command, words)
    const signal = interruptSignal((signalName) =>
      output.note(`${signalName}: finishing what is under way; once more ends at once`),
    )
    return await command.run({ ...call, output, signal })
  } catch (error) {
    output.error(error)
    return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed
  }
}

/** What follows -- is no flag. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).some((word) => word === '--help' || word === '-h')
}

function heading(text: string): string {
  return styled('bold', text, process.stdout)
}

function versionOfPackage(): string {
  return JSON.parse(readFileSync(new URL('../package.json', codeRoot), 'utf8')).version
}
