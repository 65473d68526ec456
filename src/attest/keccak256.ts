/**
 * Keccak-256 of bytes. The permutation is a WebAssembly function of one loop over the rounds, assembled below from the
 * definition of Keccak-f[1600] (G. Bertoni, J. Daemen, M. Peeters, G. Van Assche, "The Keccak reference", 2011):
 * JavaScript has no fast 64-bit rotation, and hashes are most of what a digest costs.
 *
 * @param message - Bytes to hash.
 * @param target - Where the 32 bytes of the hash are written.
 */
export function keccak256Into(message: Uint8Array, target: Uint8Array, at = 0): void {
  const { absorb, state, block } = sponge ?? assembleSponge()
  state.fill(0)
  let start = 0
  for (; message.length - start >= blockSize; start += blockSize) {
    block.set(message.subarray(start, start + blockSize))
    absorb()
  }
  block.fill(0)
  block.set(start === 0 ? message : message.subarray(start))
  block[message.length - start] = 0x01
  block[blockSize - 1] = (block[blockSize - 1] ?? 0) | 0x80
  absorb()
  for (let i = 0; i < 32; i++) target[at + i] = state[i] ?? 0
}

/** `absorb` adds the block to the state and permutes it. */
type Sponge = { readonly absorb: () => void; readonly state: Uint8Array; readonly block: Uint8Array }
let sponge: Sponge | undefined

const blockSize = 136
const stateSize = 200
const constantsStart = stateSize + blockSize

// biome-ignore format: a table
const roundConstants = [
  0x0000000000000001n, 0x0000000000008082n, 0x800000000000808an, 0x8000000080008000n, 0x000000000000808bn,
  0x0000000080000001n, 0x8000000080008081n, 0x8000000000008009n, 0x000000000000008an, 0x0000000000000088n,
  0x0000000080008009n, 0x000000008000000an, 0x000000008000808bn, 0x800000000000008bn, 0x8000000000008089n,
  0x8000000000008003n, 0x8000000000008002n, 0x8000000000000080n, 0x000000000000800an, 0x800000008000000an,
  0x8000000080008081n, 0x8000000000008080n, 0x0000000080000001n, 0x8000000080008008n,
]

/** The state lies at the start of the memory, then the block, then the round constants. */
function assembleSponge(): Sponge {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleModule()))
  const { memory, absorb } = exports as { memory: WebAssembly.Memory; absorb: () => void }
  const { buffer } = memory
  new BigUint64Array(buffer, constantsStart, roundConstants.length).set(roundConstants)
  sponge = { absorb, state: new Uint8Array(buffer, 0, stateSize), block: new Uint8Array(buffer, stateSize, blockSize) }
  return sponge
}

const i64 = 0x7e
const i32 = 0x7f
const and = 0x83
const xor = 0x85
const rotateLeft = 0x89
const lane = Array.from({ length: 25 }, (_, i) => i)
/** Locals of the function: the state, its permuted copy, the parities of the columns, what they change, the round. */
const [copy, parity, change, round] = [25, 50, 55, 60] as const
const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const constant = (value: number) => [0x42, value]
const xorAll = (locals: readonly number[]) => locals.flatMap((local, i) => [...get(local), ...(i === 0 ? [] : [xor])])

function assembleModule(): Uint8Array<ArrayBuffer> {
  const load = (offset: number) => [...[0x41, 0, 0x29, 3], ...unsigned(offset)]
  const absorb = lane.flatMap((i) => [
    ...load(8 * i),
    ...(8 * i < blockSize ? [...load(stateSize + 8 * i), xor] : []),
    ...set(i),
  ])
  const store = lane.flatMap((i) => [...[0x41, 0], ...get(i), ...[0x37, 3], ...unsigned(8 * i)])
  const end = constantsStart + 8 * roundConstants.length
  const body = [
    ...[2, ...unsigned(round), i64, 1, i32],
    ...absorb,
    ...[0x41, ...signed(constantsStart), ...set(round)],
    ...[0x03, 0x40, ...assembleRound()],
    ...[...get(round), 0x41, 8, 0x6a, 0x22, round, 0x41, ...signed(end), 0x48, 0x0d, 0, 0x0b],
    ...store,
    0x0b,
  ]
  const text = (name: string) => [name.length, ...new TextEncoder().encode(name)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('absorb'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** Theta, rho and pi, chi, iota. */
function assembleRound(): number[] {
  const columns = [0, 1, 2, 3, 4]
  const theta = [
    ...columns.flatMap((x) => [...xorAll(columns.map((y) => x + 5 * y)), ...set(parity + x)]),
    ...columns.flatMap((x) => [
      ...[...get(parity + ((x + 4) % 5)), ...get(parity + ((x + 1) % 5)), ...constant(1), rotateLeft, xor],
      ...set(change + x),
    ]),
  ]
  const offsets = rotationOffsets()
  const rhoPi = lane.flatMap((i) => {
    const [x, y] = [i % 5, Math.floor(i / 5)]
    return [
      ...[...xorAll([i, change + x]), ...constant(offsets[i] ?? 0), rotateLeft],
      ...set(copy + y + 5 * ((2 * x + 3 * y) % 5)),
    ]
  })
  const chi = lane.flatMap((i) => {
    const row = copy + i - (i % 5)
    const [one, two] = [row + ((i + 1) % 5), row + ((i + 2) % 5)]
    return [...get(one), ...constant(0x7f), xor, ...get(two), and, ...get(copy + i), xor, ...set(i)]
  })
  const iota = [...get(0), ...get(round), 0x29, 3, 0, xor, ...set(0)]
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

function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
