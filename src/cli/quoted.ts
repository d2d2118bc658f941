/** What a text is cut to. */
const charactersMax = 200

/** In quotes, so that nothing in it moves the cursor of a terminal; cut where it is long. */
export function quoted(text: string): string {
  return quotedWhole(text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text)
}

/** The same of all of it. */
export function quotedWhole(shown: string): string {
  return JSON.stringify(shown).replaceAll(/[\u007f-\u009f]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
