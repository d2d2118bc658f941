import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packedPackage, project, run } from './packed-package.ts'

/** The folder of a program that has installed the packed package, with the packages that this checkout already has. */
export class InstalledPackage implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  /** Where the package is in it. */
  readonly installed = join(this.path, 'node_modules/millrace')
  /** What the package carries, by path. */
  readonly files: readonly string[]

  /** @param others - Packages that the program needs besides. */
  constructor(others: readonly string[] = []) {
    const tarball = packedPackage()
    mkdirSync(this.installed, { recursive: true })
    this.files = run('tar', ['-xvzf', tarball, '-C', this.installed, '--strip-components', '1'], this.path)
      .split('\n')
      .flatMap((line) => line.replace(/^package\//, '') || [])
    const { dependencies } = JSON.parse(readFileSync(join(this.installed, 'package.json'), 'utf8')) as {
      dependencies: object
    }
    for (const name of [...Object.keys(dependencies), '@types', ...others]) {
      mkdirSync(dirname(join(this.path, 'node_modules', name)), { recursive: true })
      symlinkSync(join(project, 'node_modules', name), join(this.path, 'node_modules', name))
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
