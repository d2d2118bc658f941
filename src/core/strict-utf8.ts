/** Decodes UTF-8 without loss: fails for what is none, and keeps a byte order mark. */
export const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
