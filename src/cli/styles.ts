import { styleText } from 'node:util'

/** Where a text goes, which decides whether it may be coloured: a terminal, and no `NO_COLOR`. */
export type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean }

/** A text in colour, or as it is where the screen shows none. */
export function styled(style: Parameters<typeof styleText>[0], text: string, screen: Screen): string {
  // A stream that is no terminal is not asked: one of a test need not know of colours.
  return screen.isTTY === true ? styleText(style, text, { stream: screen }) : text
}
