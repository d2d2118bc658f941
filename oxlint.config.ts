import { defineConfig, type DummyRuleMap } from 'oxlint'
import { layers, stepsOfEpochs } from './tools/layers.ts'

// How deep folders nest below a layer's own; `test/tidy.test.ts` refuses deeper ones, which no rule would cover.
const depths = [1, 2, 3]

const allFolders = Object.keys(layers).filter((folder) => !folder.includes('/'))

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node'],
  options: { typeAware: true },
  categories: { correctness: 'error' },
  // The fixture is a program of another project, which has the types of the built package.
  ignorePatterns: ['node_modules', 'dist', 'site/.vitepress/cache', '.cache', 'test/package/fixtures'],
  rules: {
    'eslint/eqeqeq': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
  },
  overrides: [
    ...Object.entries(layers).flatMap(([folder, allowed]) =>
      depths.map((depth) => ({
        files: [`src/${folder}/${'*/'.repeat(depth - 1)}*.ts`],
        rules: restrictImports([
          ...leaving({ up: depth, upToSrc: depth + folder.split('/').length - 1, allowed }),
          ...(folder === 'streams' ? stepsOfEpochs.files.map((file) => `**/${file}`) : []),
        ]),
      })),
    ),
    {
      files: stepsOfEpochs.rooms.map((room) => `src/${room}/*.ts`),
      rules: restrictImports(leaving({ up: 2, upToSrc: 2, allowed: layers.streams })),
    },
    // Tests, and what several of them have in common, may stand on every folder's front door, but on nothing behind it.
    ...depths.map((depth) => ({
      files: [`src/${'*/'.repeat(depth)}*.test.ts`, `src/${'*/'.repeat(depth - 1)}fixtures/*.ts`],
      rules: restrictImports([
        ...leaving({ up: depth, upToSrc: depth, allowed: allFolders }),
        `!${'../'.repeat(depth + 1)}test/mortal-threads.ts`,
        `!${'../'.repeat(depth + 1)}test/property.ts`,
        `!${'../'.repeat(depth + 1)}test/until.ts`,
        `!${'../'.repeat(depth + 1)}test/kafka-peer/index.ts`,
      ]),
    })),
    {
      files: ['test/**', 'bench/**', 'examples/**', 'tools/**'],
      rules: restrictImports(['**/src/**', '!**/src/core/*.ts', '!**/src/doors/*.ts', '!**/src/**/index.ts']),
    },
    {
      files: ['**/*.test.ts', '**/*.contract.ts', '**/*.integration.ts'],
      // node:test itself waits for the promises that these return.
      rules: {
        'typescript/no-floating-promises': [
          'error',
          {
            allowForKnownSafeCalls: [
              { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] },
            ],
          },
        ],
      },
    },
    // AssemblyScript: `==` compares numbers, imported globals may be assigned (and only that), integers have 64 bits.
    {
      files: ['src/kernel/assembly/**'],
      rules: {
        'eslint/eqeqeq': 'off',
        'eslint/no-import-assign': 'off',
        'eslint/no-loss-of-precision': 'off',
        'eslint/no-unused-vars': 'off',
        'eslint/prefer-const': 'off',
      },
    },
    // A topology file is found by its default export, and so is a tool's configuration.
    {
      files: ['examples/**', '{bench,test}/**/*-topology.ts', '*.config.ts', 'site/.vitepress/config.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
})

/**
 * All imports that climb `up` folders, except those that climb to `src` and enter an allowed folder by its front door.
 */
function leaving({ up, upToSrc, allowed }: { up: number; upToSrc: number; allowed: readonly string[] }): string[] {
  const doors = allowed.map((folder) => (folder === 'core' ? 'core/*.ts' : `${folder}/index.ts`))
  return [`${'../'.repeat(up)}**`, ...doors.map((door) => `!${'../'.repeat(upToSrc)}${door}`)]
}

function restrictImports(group: string[]): DummyRuleMap {
  const message =
    'tools/layers.ts says which folders and files may be imported, and folders only through their index.ts (core excepted).'
  return { 'eslint/no-restricted-imports': ['error', { patterns: [{ group, message }] }] }
}
