import { expect } from 'chai'

/** The error that a promise is rejected with, asserted to be of a class. */
export async function rejection<Failure extends Error>(
  promise: Promise<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: constructors of errors take anything.
  type: new (...args: any[]) => Failure,
): Promise<Failure> {
  try {
    await promise
  } catch (error) {
    expect(error).to.be.instanceOf(type)
    return error as Failure
  }
  return expect.fail(`expected ${type.name}, nothing was thrown`)
}

/** The error that a function throws, asserted to be of a class. */
export async function thrown<Failure extends Error>(
  run: () => unknown,
  // biome-ignore lint/suspicious/noExplicitAny: constructors of errors take anything.
  type: new (...args: any[]) => Failure,
): Promise<Failure> {
  return rejection(Promise.resolve().then(run), type)
}
