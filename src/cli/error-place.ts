import { fileURLToPath } from 'node:url'
import { codeRoot } from '../core/code-root.ts'

/** Where Millrace's own code is, which is never the place that a user looks for. */
const own = fileURLToPath(codeRoot)

/** File and line at which the stack of an error begins outside of Millrace and of Node.js, if it tells one. */
export function placeIn({ stack = '' }: { readonly stack?: string | undefined }): string | undefined {
  for (const line of stack.split('\n')) {
    // A line of its own before the text of a module that cannot be compiled, or a frame.
    const match =
      /^(?<file>(?:file:\/\/)?\/.*?):(?<line>\d+)$|^\s+at .*?(?<frame>file:\/\/\/[^)]*?):(?<at>\d+):\d+\)?$/.exec(line)
    const { file = match?.groups?.['frame'], line: number = match?.groups?.['at'] } = match?.groups ?? {}
    if (file === undefined) continue
    const path = file.startsWith('file:') ? fileURLToPath(file) : file
    if (!path.startsWith(own)) return `${path}:${number}`
  }
  return undefined
}
