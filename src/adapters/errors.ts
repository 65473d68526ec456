import { BaseError } from '../core/errors.ts'

/** A position that may be a liability and that this package does not model; the account is refused rather than guessed. */
export class UnsupportedPositionError extends BaseError {
  override readonly name = 'UnsupportedPositionError'

  constructor({ venue, position, remedy }: { venue: string; position: string; remedy: string }) {
    super(`${venue}: ${position} is not supported.`, { metaMessages: [remedy] })
  }
}
