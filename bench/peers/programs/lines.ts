import { readFile } from 'node:fs/promises'

/** Lines with code of files in Java, Python or TypeScript: none that are empty, and no comments or docstrings. */
export async function linesOf(...files: readonly string[]): Promise<number> {
  const counts = await Promise.all(files.map(async (file) => codeLines(await readFile(file, 'utf8'))))
  return counts.reduce((sum, count) => sum + count, 0)
}

function codeLines(text: string): number {
  const code = text
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/^\s*"""[^]*?"""/gm, '')
    .replaceAll(/^\s*(\/\/|#).*$/gm, '')
  return code.split('\n').filter((line) => line.trim() !== '').length
}
