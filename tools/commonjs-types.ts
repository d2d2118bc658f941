/**
 * Writes the types of each front door for CommonJS, beside its JavaScript in `dist/doors`. `require` of Node.js loads
 * the same ES modules; but TypeScript with `module` `node16` or `node18` takes no declarations of an ES module for what
 * is required, so these are declarations of their own that refer to the others, name by name.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const doors = join(import.meta.dirname, '../dist/doors')
const asEsm = `with { 'resolution-mode': 'import' }`

for (const file of readdirSync(doors).filter((name) => name.endsWith('.d.ts'))) {
  const name = file.slice(0, -'.d.ts'.length)
  const values = (await import(pathToFileURL(join(doors, `${name}.js`)).href)) as Record<string, unknown>
  writeFileSync(join(doors, `${name}.d.cts`), declarations(name, readFileSync(join(doors, file), 'utf8'), values))
}

function declarations(name: string, door: string, values: Record<string, unknown>): string {
  const types = [...door.matchAll(/export (type )?\{([^}]*)\}/g)]
    .flatMap(([, allTypes, names]) => names!.split(',').flatMap((each) => typeIn(each.trim(), allTypes !== undefined)))
    .sort()
  return [
    `import type * as door from './${name}.js' ${asEsm}`,
    `export type { ${types.join(', ')} } from './${name}.js' ${asEsm}`,
    ...Object.entries(values).map(([value]) => `export declare const ${value}: typeof door.${value}`),
    // The type of an instance; none of these classes has parameters.
    ...Object.entries(values).flatMap(([value, of]) => (isClass(of) ? `export type ${value} = door.${value}` : [])),
    '',
  ].join('\n')
}

function typeIn(exported: string, isOfTypes: boolean): string[] {
  if (isOfTypes) return exported === '' ? [] : [exported]
  return exported.startsWith('type ') ? [exported.slice('type '.length)] : []
}

function isClass(value: unknown): boolean {
  return typeof value === 'function' && value.toString().startsWith('class')
}
