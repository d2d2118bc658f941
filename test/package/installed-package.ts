import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packedPackage, project, run } from './packed-package.ts'

/** The folder of a program that has installed the packed package, with packages that are on this machine already. */
export class InstalledPackage implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  /** Where the package is in it. */
  readonly installed = join(this.path, 'node_modules/millrace')
  /** What the package carries, by path. */
  readonly files: readonly string[]

  /**
   * @param others - Packages that the program needs besides.
   * @param from - Folder whose node_modules have these. @defaultValue this checkout
   */
  constructor(others: readonly string[] = [], from = project) {
    const tarball = packedPackage()
    mkdirSync(this.installed, { recursive: true })
    this.files = run('tar', ['-xvzf', tarball, '-C', this.installed, '--strip-components', '1'], this.path)
      .split('\n')
      .flatMap((line) => line.replace(/^package\//, '') || [])
    const { dependencies } = JSON.parse(readFileSync(join(this.installed, 'package.json'), 'utf8')) as {
      dependencies: object
    }
    this.#link(project, [...Object.keys(dependencies), '@types'])
    this.#link(from, others)
  }

  #link(from: string, names: readonly string[]): void {
    for (const name of names) {
      mkdirSync(dirname(join(this.path, 'node_modules', name)), { recursive: true })
      symlinkSync(join(from, 'node_modules', name), join(this.path, 'node_modules', name))
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
