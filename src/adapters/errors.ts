import { BaseError } from '../core/errors.ts'

/** A position that may be a liability and that this package does not model; the account is refused rather than guessed. */
export class UnsupportedPositionError extends BaseError {
  override readonly name = 'UnsupportedPositionError'

  constructor({ venue, position, remedy }: { venue: string; position: string; remedy: string }) {
    super(`${venue}: ${position} is not supported.`, { metaMessages: [remedy] })
  }
}

/** The ids that a read was given are not all that an account holds at a protocol none of whose views lists them. */
export class IncompleteIdsError extends BaseError {
  override readonly name = 'IncompleteIdsError'

  constructor({ venue, found, held }: { venue: string; found: number; held: bigint }) {
    super(`${venue}: of the ids that were found the account holds ${found}, the protocol counts ${held}.`, {
      metaMessages: [
        'Search the logs from the block in which the protocol was deployed, or give the ids that are missing.',
      ],
    })
  }
}
