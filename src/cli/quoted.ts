/** What a text is cut to. */
const charactersMax = 200

/** In quotes, so that nothing in it moves the cursor of a terminal; cut where it is long. */
export function quoted(text: string): string {
  return quotedWhole(text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text)
}

/** The same of all of it. */
export function quotedWhole(shown: string): string {
  return harmless(JSON.stringify(shown))
}

/** Without quotes: lines and tabs are left, and all else that moves the cursor or changes a terminal is told as its code. */
export function harmless(text: string): string {
  return text.replaceAll(controlCharacters, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

const controlCharacters = /[^\P{Cc}\n\t]/gu
