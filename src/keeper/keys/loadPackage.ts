import { BaseError } from '../../core/errors.ts'

/** An optional package is not installed. */
export class MissingPackageError extends BaseError {
  override readonly name = 'MissingPackageError'
}

/**
 * Loads an optional package, for which most users have no need.
 *
 * @throws {MissingPackageError} that says what to install.
 */
export async function loadPackage<Module>(name: string, purpose: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new MissingPackageError(`${purpose} needs the package ${name}, which is not installed.`, {
      metaMessages: [`Install it beside plimsoll: npm install ${name}`],
      cause,
    })
  }
}
