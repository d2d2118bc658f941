/** What a text is cut to. */
const charactersMax = 200

/** In quotes, so that nothing in it moves the cursor of a terminal. */
export function quoted(text: string): string {
  const shown = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
  return JSON.stringify(shown).replaceAll(/[\u007f-\u009f]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
