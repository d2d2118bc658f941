import { extname } from 'node:path'

/**
 * Where all code is: `src` in a checkout, `dist` in the package. This file is one folder below it in both, because the
 * build gathers modules in pieces that lie in folders of their own (`tools/bundle.ts`).
 */
export const codeRoot = new URL('..', import.meta.url)

/** @param path - Of a module below `codeRoot`, without its extension. */
export function moduleUrl(path: string): URL {
  return new URL(`${path}${extname(import.meta.url)}`, codeRoot)
}
