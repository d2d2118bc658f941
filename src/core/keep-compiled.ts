import module from 'node:module'

/**
 * Has Node keep what a process or thread compiles, where that begins with this file in a checkout: several dozen files
 * whose types have to be taken out, which takes longer than all else at a start. Runtimes without such a cache never
 * look for it: in the package no types are left.
 *
 * @param url - `import.meta.url` of the file.
 */
export function keepCompiled(url: string): void {
  if (url.endsWith('.ts')) module.enableCompileCache()
}
