import { Buffer } from 'node:buffer'
import type { Hex } from 'viem'

/**
 * Keccak-256 of bytes. The sponge is a WebAssembly function of two loops, blocks and rounds, assembled below from the
 * definition of Keccak-f[1600] (G. Bertoni, J. Daemen, M. Peeters, G. Van Assche, "The Keccak reference", 2011):
 * JavaScript has no fast 64-bit rotation, and hashes are most of what a digest costs.
 *
 * @param message - Bytes to hash.
 * @param target - Where the 32 bytes of the hash are written.
 */
export function keccak256Into(message: Uint8Array, target: Uint8Array, at = 0): void {
  const blocks = Math.floor(message.length / blockSize) + 1
  const { hash, bytes } = spongeOf(inputStart + blocks * blockSize)
  const end = inputStart + message.length
  const last = inputStart + blocks * blockSize - 1
  bytes.set(message, inputStart)
  bytes.fill(0, end, last + 1)
  bytes[end] = 0x01
  bytes[last] = (bytes[last] ?? 0) | 0x80
  hash(blocks)
  for (let i = 0; i < 32; i++) target[at + i] = bytes[i] ?? 0
}

/** Keccak-256 of bytes as hex text. */
export function keccak256Of(message: Uint8Array): Hex {
  const hash = Buffer.alloc(32)
  keccak256Into(message, hash)
  return `0x${hash.toString('hex')}`
}

/** `hash` hashes that many blocks of padded input. The memory: the hash, the round constants, the input. */
type Sponge = {
  readonly hash: (blocks: number) => void
  readonly memory: WebAssembly.Memory
  readonly bytes: Uint8Array
}
let sponge: Sponge | undefined

const blockSize = 136
const constantsStart = 32
const inputStart = constantsStart + 24 * 8
const pageSize = 65_536

// biome-ignore format: a table
const roundConstants = [
  0x0000000000000001n, 0x0000000000008082n, 0x800000000000808an, 0x8000000080008000n, 0x000000000000808bn,
  0x0000000080000001n, 0x8000000080008081n, 0x8000000000008009n, 0x000000000000008an, 0x0000000000000088n,
  0x0000000080008009n, 0x000000008000000an, 0x000000008000808bn, 0x800000000000008bn, 0x8000000000008089n,
  0x8000000000008003n, 0x8000000000008002n, 0x8000000000000080n, 0x000000000000800an, 0x800000008000000an,
  0x8000000080008081n, 0x8000000000008080n, 0x0000000080000001n, 0x8000000080008008n,
]

/** The sponge, with a memory of at least that many bytes. */
function spongeOf(size: number): Sponge {
  const current = sponge ?? assembleSponge()
  const { hash, memory, bytes } = current
  if (bytes.length >= size) return current
  memory.grow(Math.ceil((size - bytes.length) / pageSize))
  sponge = { hash, memory, bytes: new Uint8Array(memory.buffer) }
  return sponge
}

function assembleSponge(): Sponge {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleModule()))
  const { memory, hash } = exports as { memory: WebAssembly.Memory; hash: (blocks: number) => void }
  new BigUint64Array(memory.buffer, constantsStart, roundConstants.length).set(roundConstants)
  sponge = { hash, memory, bytes: new Uint8Array(memory.buffer) }
  return sponge
}

const i64 = 0x7e
const i32 = 0x7f
const and = 0x83
const xor = 0x85
const rotateLeft = 0x89
const lane = Array.from({ length: 25 }, (_, i) => i)
/** Locals: blocks left, the state, its permuted copy, parities of the columns, what they change, round, place in the input. */
const [blocks, state, copy, parity, change, round, place] = [0, 1, 26, 51, 56, 61, 62] as const
const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const constant = (value: number) => [0x42, value]
const xorAll = (locals: readonly number[]) => locals.flatMap((local, i) => [...get(local), ...(i === 0 ? [] : [xor])])
const add = (local: number, amount: number) => [...get(local), 0x41, ...signed(amount), 0x6a, ...[0x22, local]]

function assembleModule(): Uint8Array<ArrayBuffer> {
  const absorb = lane
    .filter((i) => 8 * i < blockSize)
    .flatMap((i) => [...get(place), ...[0x29, 3], ...unsigned(8 * i), ...get(state + i), xor, ...set(state + i)])
  const store = lane.slice(0, 4).flatMap((i) => [0x41, 0, ...get(state + i), 0x37, 3, 8 * i])
  const body = [
    ...[2, ...unsigned(round - state), i64, 2, i32],
    ...[0x41, ...signed(inputStart), ...set(place)],
    ...[0x03, 0x40, ...absorb],
    ...[0x41, ...signed(constantsStart), ...set(round)],
    ...[0x03, 0x40, ...assembleRound()],
    ...[...add(round, 8), 0x41, ...signed(inputStart), 0x48, 0x0d, 0, 0x0b],
    ...[...add(place, blockSize), 0x1a],
    ...[...add(blocks, -1), 0x0d, 0, 0x0b],
    ...store,
    0x0b,
  ]
  const text = (name: string) => [name.length, ...new TextEncoder().encode(name)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, i32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('hash'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** Theta, rho and pi, chi, iota. */
function assembleRound(): number[] {
  const columns = [0, 1, 2, 3, 4]
  const theta = [
    ...columns.flatMap((x) => [...xorAll(columns.map((y) => state + x + 5 * y)), ...set(parity + x)]),
    ...columns.flatMap((x) => [
      ...[...get(parity + ((x + 4) % 5)), ...get(parity + ((x + 1) % 5)), ...constant(1), rotateLeft, xor],
      ...set(change + x),
    ]),
  ]
  const offsets = rotationOffsets()
  const rhoPi = lane.flatMap((i) => {
    const [x, y] = [i % 5, Math.floor(i / 5)]
    return [
      ...[...xorAll([state + i, change + x]), ...constant(offsets[i] ?? 0), rotateLeft],
      ...set(copy + y + 5 * ((2 * x + 3 * y) % 5)),
    ]
  })
  const chi = lane.flatMap((i) => {
    const row = copy + i - (i % 5)
    const [one, two] = [row + ((i + 1) % 5), row + ((i + 2) % 5)]
    return [...get(one), ...constant(0x7f), xor, ...get(two), and, ...get(copy + i), xor, ...set(state + i)]
  })
  const iota = [...get(state), ...get(round), 0x29, 3, 0, xor, ...set(state)]
  return [...theta, ...rhoPi, ...chi, ...iota]
}

/** Triangular numbers along the walk of pi. */
function rotationOffsets(): number[] {
  const offsets = lane.map(() => 0)
  let [x, y] = [1, 0]
  for (let step = 0; step < 24; step++) {
    offsets[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return offsets
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** SLEB128. */
function signed(value: number): number[] {
  const isLast = value >= -0x40 && value < 0x40
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
