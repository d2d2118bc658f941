import { defineConfig } from 'oxfmt'

export default defineConfig({
  semi: false,
  singleQuote: true,
  printWidth: 120,
  // Prose keeps the line breaks its writer chose.
  ignorePatterns: ['**/*.md'],
})
